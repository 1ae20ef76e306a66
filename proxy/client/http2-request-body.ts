/** The body of one HTTP/2 request: DATA in, bytes out to a sink once there is one; what is small can be sent twice. */
import type { ServerHttp2Stream } from "node:http2";
import { trailerText } from "../http2/trailer-fields.ts";
import type { Limits } from "../limits.ts";
import type { RequestSink } from "../request/exchange.ts";

/** RFC 9113 §7. */
const PROTOCOL_ERROR = 1;
const BROKEN_OFF = new Error("the request broke the protocol");

export interface BodyOwner {
  /** Who has the exchange now; not always who takes the body, between two attempts. */
  readonly sink: RequestSink | null;
  /** Bytes were taken, or the client has to wait: its deadline changes. */
  bodyMoved(): void;
}

/**
 * Reads from the first moment, so that a small body is here, whole, before a target is chosen; without a sink it stops
 * after `maxPipelinedBytes`. The last bytes of a body of known length are held until its stream has ended: a target must
 * not see a complete request that the client has not completed (RFC 9113 §8.1.1).
 */
export class Http2RequestBody {
  /** All of it has been received and given to the sink. */
  complete = false;
  owner: BodyOwner | null = null;
  readonly #stream: ServerHttp2Stream;
  readonly #limits: Limits;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #received = 0;
  #length = -1;
  #trailers = "";
  #inputEnded = false;
  /** It has asked for the body; between two attempts it is dead, and the next one has not asked yet. */
  #asked: RequestSink | null = null;
  /** Something has been given away that is not at hand any more. */
  #gone = false;
  #discarding = false;

  constructor(stream: ServerHttp2Stream, limits: Limits) {
    this.#stream = stream;
    this.#limits = limits;
    stream.on("data", (chunk: Buffer) => this.#onData(chunk));
    stream.on("trailers", (_headers, _flags, raw) => this.#onTrailers(raw));
    stream.on("end", () => this.#onEnd());
  }

  get replayable(): boolean {
    return !this.#gone;
  }

  get #sink(): RequestSink | null {
    return this.#asked === (this.owner?.sink ?? null) ? this.#asked : null;
  }

  /** Nothing more is expected of the client for now. */
  get waiting(): boolean {
    return this.#sink === null || this.#inputEnded || this.#stream.isPaused();
  }

  /** @param length bytes, or -1 when unknown */
  begin(owner: BodyOwner, length: number): void {
    this.owner = owner;
    this.#length = length;
    if (length >= 0 && this.#received > length) this.#breakOff();
  }

  /** Lets the body go to `sink`; on a second attempt, from its first byte. */
  start(sink: RequestSink): void {
    this.#asked = sink;
    this.complete = false;
    if (this.#held.length > 0 || this.#inputEnded) {
      this.#feed(sink);
    } else {
      sink.flushBody();
    }
    if (!this.#inputEnded && this.#sink === sink) this.resume();
  }

  resume(): void {
    if (this.#stream.isPaused() && !this.#stream.destroyed) this.#stream.resume();
    this.owner?.bodyMoved();
  }

  /** Forgets everything; what still comes is thrown away. */
  discard(): void {
    this.#discarding = true;
    this.#asked = null;
    this.#held = [];
    this.#heldBytes = 0;
    if (!this.#inputEnded && this.#stream.isPaused() && !this.#stream.destroyed) this.#stream.resume();
  }

  #onData(chunk: Buffer): void {
    if (this.#discarding) return;
    this.#received += chunk.length;
    if (this.#length >= 0 && this.#received > this.#length) return this.#breakOff();
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    const sink = this.#sink;
    if (sink !== null) this.#feed(sink);
    else if (this.#heldBytes > this.#limits.maxPipelinedBytes) this.#stream.pause();
  }

  #onTrailers(raw: readonly string[]): void {
    const text = trailerText(raw, this.#limits.maxTrailerBytes);
    if (text === null) this.#breakOff();
    else this.#trailers = text;
  }

  #onEnd(): void {
    // A reset ends the reading as well; only the end of the stream completes a request.
    if (this.#discarding || this.#stream.closed) return;
    if (this.#length >= 0 && this.#received !== this.#length) return this.#breakOff();
    this.#inputEnded = true;
    const sink = this.#sink;
    if (sink !== null) this.#feed(sink);
  }

  #feed(sink: RequestSink): void {
    const whole = this.#inputEnded;
    const held = this.#held;
    // The chunk that seems to complete the body waits for the end of the stream.
    const count = !whole && this.#received === this.#length ? held.length - 1 : held.length;
    for (let index = 0; index < count; index++) {
      const chunk = held[index] as Buffer;
      sink.sendBody(chunk, 0, chunk.length);
    }
    if (!whole || this.#gone) {
      if (count > 0) this.#gone = true;
      this.#held = count === held.length ? [] : held.slice(count);
      this.#heldBytes = 0;
    }
    if (whole) {
      this.complete = true;
      sink.endBody(this.#trailers);
    }
    if (!sink.flushBody() && !whole && !this.#discarding) this.#stream.pause();
    this.owner?.bodyMoved();
  }

  /** The client broke the protocol: its stream is reset, and that tells everybody else. */
  #breakOff(): void {
    this.discard();
    // Node would end a response that has begun before it resets the stream: half of it would look whole.
    if (this.#stream.headersSent) this.#stream.destroy(BROKEN_OFF);
    else this.#stream.close(PROTOCOL_ERROR);
  }
}
