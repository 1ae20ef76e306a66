/** A response on its way out: held until it is whole, so that a slow client keeps no target busy and half an answer never shows. */
import { Field } from "../http1/field-names.ts";
import { isBodiless } from "../http1/message-length.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { type Exchange, type HeldResponse, Phase, type RequestSink } from "../request/exchange.ts";
import type { Buffering } from "../route/routing-table.ts";
import type { Failure } from "../target/failure.ts";
import type { BufferSpace } from "./buffer-space.ts";
import { Replay, type ReplayTaker } from "./replay.ts";
import { SpillBuffer } from "./spill-buffer.ts";

const WAITING = 0;
/** A head is here, lent until the end of this turn; with luck the body comes in the same turn. */
const LENT = 1;
const HOLDING = 2;
const TOO_LARGE = 3;
const REPLAYING = 4;
const DISCARDED = 5;

export type ResponseBufferEvents = {
  /** Says why, and answers. */
  readonly onFailure: (exchange: Exchange, failure: Failure, error: Error | null) => void;
};

/**
 * True for what must not be held: event streams, everything whose length the target does not know yet (long polls,
 * pages that are sent as they are made), and messages without a body.
 */
export function mustFlow(method: string, head: ResponseHead): boolean {
  if (head.contentLength <= 0 || isBodiless(method, head.status)) return true;
  const type = head.value(Field.ContentType);
  return type !== undefined && isEventStream(type);
}

/** Once the target is done with, this is the exchange's sink as well: the client's pauses and its leaving come here. */
export class ResponseBuffer implements HeldResponse, RequestSink, ReplayTaker {
  readonly #exchange: Exchange;
  readonly #buffering: Buffering;
  readonly #space: BufferSpace;
  readonly #events: ResponseBufferEvents;
  #state = WAITING;
  #head: ResponseHead | null = null;
  #headBytes: Buffer | null = null;
  #held: SpillBuffer | null = null;
  #informed = false;
  #targetDone = false;
  #targetWaits = false;
  #replay: Replay | null = null;

  constructor(exchange: Exchange, buffering: Buffering, space: BufferSpace, events: ResponseBufferEvents) {
    this.#exchange = exchange;
    this.#buffering = buffering;
    this.#space = space;
    this.#events = events;
  }

  // ResponseSink: the target's side

  inform(head: ResponseHead): void {
    this.#informed = true;
    this.#exchange.inform(head);
  }

  respond(head: ResponseHead): void {
    const { maxResponseBytes } = this.#buffering;
    if (mustFlow(this.#exchange.method, head)) {
      this.#stepAside(head);
    } else if (maxResponseBytes > 0 && head.contentLength > maxResponseBytes) {
      this.#state = TOO_LARGE;
    } else {
      this.#state = LENT;
      this.#head = head;
    }
  }

  body(bytes: Buffer, start: number, end: number): void {
    if (this.#head !== null) {
      if (end - start === this.#head.contentLength) {
        // It came whole: there is nothing to hold.
        this.#stepAside(this.#head);
        this.#exchange.body(bytes, start, end);
        return;
      }
      this.#keepHead(this.#head);
    }
    if (this.#state === HOLDING) this.#held?.append(bytes, start, end);
  }

  end(): void {
    const exchange = this.#exchange;
    this.#targetDone = true;
    if (this.#state === TOO_LARGE) this.#fail("response-too-large", null);
    if (this.#state !== HOLDING) return;
    exchange.sink = this;
    // The target has done its part: a drain need not wait for a slow reader.
    exchange.claim?.release(exchange);
    exchange.claim = null;
    this.#held?.finish();
    if (this.#held?.settled) this.#startReplay();
  }

  flush(): boolean {
    if (this.#head !== null) this.#keepHead(this.#head);
    if (this.#informed) {
      this.#informed = false;
      this.#exchange.flush();
    }
    if (this.#state === TOO_LARGE) {
      this.#fail("response-too-large", null);
      return true;
    }
    if (this.#state !== HOLDING || this.#targetDone) return true;
    this.#targetWaits = this.#held?.congested ?? false;
    return !this.#targetWaits;
  }

  discard(): void {
    this.#state = DISCARDED;
    this.#head = null;
    this.#replay?.stop();
    this.#held?.discard();
  }

  // RequestSink: the client's side, when the target is done with

  /** The rest of a body that the target did not wait for. */
  sendBody(): boolean {
    return true;
  }

  endBody(): void {}

  flushBody(): boolean {
    return true;
  }

  resumeResponse(): void {
    this.#replay?.resume();
  }

  abortRequest(): void {
    this.discard();
  }

  cut(): void {
    this.#exchange.abort();
  }

  // ReplayTaker

  takePiece(bytes: Buffer, start: number, end: number, last: boolean): boolean {
    this.#exchange.body(bytes, start, end);
    if (last) this.#exchange.end("");
    return this.#exchange.flush();
  }

  replayFailed(error: Error): void {
    this.#fail("response-not-held", error);
  }

  /** From here on the target answers to the exchange itself. */
  #stepAside(head: ResponseHead): void {
    this.#head = null;
    this.#exchange.responseBuffer = null;
    this.#exchange.respond(head);
  }

  /** The parser's bytes are gone after this turn: the head is copied, and parsed again when it goes out. */
  #keepHead(head: ResponseHead): void {
    const { memoryBytes } = this.#buffering;
    this.#head = null;
    this.#state = HOLDING;
    this.#headBytes = Buffer.from(head.bytes.subarray(head.start, head.fields.next));
    this.#held = new SpillBuffer(this.#space, { memoryBytes, maxBytes: 0, expectedBytes: head.contentLength }, () =>
      this.#onProgress(),
    );
  }

  #onProgress(): void {
    const held = this.#held;
    if (this.#state !== HOLDING || held === null) return;
    if (held.failure !== null) {
      this.#fail("response-not-held", held.failure);
    } else if (this.#targetDone) {
      if (held.settled) this.#startReplay();
    } else if (this.#targetWaits && !held.congested) {
      this.#targetWaits = false;
      this.#exchange.sink?.resumeResponse();
    }
  }

  #startReplay(): void {
    const { head } = this.#space;
    const bytes = this.#headBytes as Buffer;
    this.#state = REPLAYING;
    head.parse(bytes, 0, bytes.length);
    this.#exchange.respond(head);
    this.#replay = new Replay(this.#held as SpillBuffer, this);
    this.#replay.resume();
    // If nothing of the body is in memory, the head must not wait in the shared output for a file to be read.
    if (this.#exchange.phase === Phase.Responding) this.#exchange.flush();
  }

  #fail(failure: Failure, error: Error | null): void {
    const exchange = this.#exchange;
    const target = this.#targetDone ? null : exchange.sink;
    this.discard();
    this.#events.onFailure(exchange, failure, error);
    // Something of it is out already: it must not look whole.
    if (exchange.phase !== Phase.Ended) exchange.abort();
    target?.abortRequest();
  }
}

/** Any case, any parameters. */
function isEventStream(type: string): boolean {
  return type.split(";", 1)[0]?.trim().toLowerCase() === "text/event-stream";
}
