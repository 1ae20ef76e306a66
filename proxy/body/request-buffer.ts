/** A request's body on its way in: taken from the client whole, within its limit, then handed to targets as often as need be. */
import { type Exchange, type HeldRequest, Phase, type RequestSink } from "../request/exchange.ts";
import type { Buffering } from "../route/routing-table.ts";
import type { BufferSpace } from "./buffer-space.ts";
import { Replay, type ReplayTaker } from "./replay.ts";
import { SpillBuffer } from "./spill-buffer.ts";

const FILLING = 0;
const READY = 1;
const DISCARDED = 2;

export type RequestBufferEvents = {
  /** The body is here, and `exchange.requestBuffer` holds it. */
  readonly onComplete: (exchange: Exchange) => void;
  /** The body could not be held; the exchange is answered with 507 already, or broken off. */
  readonly onFailure: (exchange: Exchange, error: Error) => void;
};

/**
 * While the body comes, this is the exchange's sink. Its bytes arrive in the midst of a decoder's work, so what they
 * lead to (a refusal, a claim) waits for the `flushBody` that always follows.
 */
export class RequestBuffer implements RequestSink, HeldRequest, ReplayTaker {
  readonly #exchange: Exchange;
  readonly #maxBytes: number;
  readonly #events: RequestBufferEvents;
  readonly #held: SpillBuffer;
  #state = FILLING;
  #tooLarge = false;
  #ended = false;
  #clientWaits = false;
  #trailers = "";
  #replay: Replay | null = null;
  #target: RequestSink | null = null;

  constructor(exchange: Exchange, buffering: Buffering, space: BufferSpace, events: RequestBufferEvents) {
    const { memoryBytes, maxRequestBytes } = buffering;
    this.#exchange = exchange;
    this.#maxBytes = maxRequestBytes;
    this.#events = events;
    const expectedBytes = exchange.requestLength;
    this.#held = new SpillBuffer(space, { memoryBytes, maxBytes: maxRequestBytes, expectedBytes }, () =>
      this.#onProgress(),
    );
  }

  /** Lets the body come, or refuses it at once when its length says enough. */
  start(): void {
    const exchange = this.#exchange;
    if (this.#maxBytes > 0 && exchange.requestLength > this.#maxBytes) {
      exchange.answer(413);
      return;
    }
    exchange.sendContinue();
    exchange.startBody(this);
  }

  // RequestSink: the client's side

  sendBody(bytes: Buffer, start: number, end: number): boolean {
    if (this.#state === FILLING && !this.#tooLarge) this.#tooLarge = !this.#held.append(bytes, start, end);
    return true;
  }

  endBody(trailers: string): void {
    this.#ended = true;
    this.#trailers = trailers;
  }

  flushBody(): boolean {
    if (this.#state !== FILLING) return true;
    if (this.#tooLarge) {
      this.discard();
      this.#exchange.answer(413);
      return true;
    }
    if (this.#ended) {
      this.#held.finish();
      if (this.#held.settled) this.#complete();
      return true;
    }
    this.#clientWaits = this.#held.congested;
    return !this.#clientWaits;
  }

  resumeResponse(): void {}

  abortRequest(): void {
    this.discard();
  }

  cut(): void {
    this.discard();
    this.#exchange.answer(504);
  }

  // HeldRequest: the target's side

  sendTo(sink: RequestSink): void {
    this.#replay?.stop();
    this.#target = sink;
    if (this.#held.length > 0) {
      this.#replay = new Replay(this.#held, this);
      this.#replay.resume();
    } else {
      sink.endBody(this.#trailers);
    }
    // The head that was written before must not wait in the shared output for a file to be read.
    sink.flushBody();
  }

  resume(): void {
    this.#replay?.resume();
  }

  discard(): void {
    this.#state = DISCARDED;
    this.#replay?.stop();
    this.#target = null;
    this.#held.discard();
  }

  // ReplayTaker

  takePiece(bytes: Buffer, start: number, end: number, last: boolean): boolean {
    const target = this.#target as RequestSink;
    target.sendBody(bytes, start, end);
    if (last) target.endBody(this.#trailers);
    return target.flushBody();
  }

  replayFailed(error: Error): void {
    this.#fail(error);
  }

  #onProgress(): void {
    if (this.#state !== FILLING) return;
    if (this.#held.failure !== null) {
      this.#fail(this.#held.failure);
    } else if (this.#ended) {
      if (this.#held.settled) this.#complete();
    } else if (this.#clientWaits && !this.#held.congested) {
      this.#clientWaits = false;
      this.#exchange.resumeRequestBody();
    }
  }

  #complete(): void {
    const exchange = this.#exchange;
    this.#state = READY;
    exchange.sink = null;
    exchange.requestBuffer = this;
    this.#events.onComplete(exchange);
  }

  #fail(error: Error): void {
    const exchange = this.#exchange;
    const target = this.#target;
    this.discard();
    this.#events.onFailure(exchange, error);
    // 507 says that the server is out of room, which it is (RFC 4918 §11.5).
    exchange.answer(507);
    if (exchange.phase !== Phase.Ended) exchange.abort();
    target?.abortRequest();
  }
}
