/** The body of one request on its way to a target: framing in, bytes out to a sink, and what a second attempt can resend. */
import { ChunkedDecoder } from "../http1/chunked-decoder.ts";
import { giveBack } from "../http1/received-bytes.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { RequestSink } from "../request/exchange.ts";

type Replay = { readonly bytes: Buffer; readonly start: number; readonly end: number };

const NOTHING: Replay = { bytes: Buffer.alloc(0), start: 0, end: 0 };

/** The body broke its own framing. */
export const MALFORMED_BODY = -1;

export class RequestBody {
  /** It has asked for the body. Between two attempts it is dead, and the next one has not asked yet. */
  taker: RequestSink | null = null;
  #left = 0;
  #decoder: ChunkedDecoder | null = null;
  #sent = false;
  #replay: Replay | null = null;

  begin(head: RequestHead, maxTrailerBytes: number): void {
    this.taker = null;
    this.#left = head.chunked ? 0 : head.contentLength;
    this.#decoder = head.chunked ? new ChunkedDecoder(maxTrailerBytes) : null;
    this.#sent = false;
    this.#replay = null;
  }

  /** All of it has been received and given to the sink. */
  get complete(): boolean {
    return this.#left === 0 && this.#decoder === null;
  }

  /** Nothing of it has been sent, or all of it is still at hand. */
  get replayable(): boolean {
    return !this.#sent || this.#replay !== null;
  }

  /** Sends a complete body at once: the empty one, or on a second attempt the one that is still at hand. */
  sendWhole(sink: RequestSink): void {
    this.#replay ??= NOTHING;
    this.#sent = true;
    if (this.#replay !== NOTHING) sink.sendBody(this.#replay.bytes, this.#replay.start, this.#replay.end);
    sink.endBody("");
  }

  /**
   * Gives `sink` what `input[from..to)` holds of the body. Returns the offset of the first byte not used, or
   * `MALFORMED_BODY`. `decoded` is scratch for chunked data.
   */
  feed(sink: RequestSink, input: Buffer, from: number, to: number, decoded: Buffer): number {
    if (this.#decoder !== null) return this.#feedChunked(this.#decoder, sink, input, from, to, decoded);
    const end = from + Math.min(this.#left, to - from);
    this.#replay = !this.#sent && end - from === this.#left ? { bytes: input, start: from, end } : null;
    this.#sent = true;
    this.#left -= end - from;
    const done = sink.sendBody(input, from, end);
    if (done && this.#replay === null) giveBack(input, from, end);
    if (this.#left === 0) sink.endBody("");
    return end;
  }

  /** Forgets what was kept for a second attempt. */
  release(): void {
    this.taker = null;
    this.#replay = null;
  }

  #feedChunked(
    decoder: ChunkedDecoder,
    sink: RequestSink,
    input: Buffer,
    from: number,
    to: number,
    decoded: Buffer,
  ): number {
    this.#sent = true;
    this.#replay = null;
    const written = decoder.decode(input, from, Math.min(to, from + decoded.length), decoded, 0);
    if (decoder.failed) return MALFORMED_BODY;
    const end = from + decoder.consumed;
    giveBack(input, from, end);
    if (written > 0) sink.sendBody(decoded, 0, written);
    if (decoder.done) {
      this.#decoder = null;
      sink.endBody(decoder.trailers);
    }
    return end;
  }
}
