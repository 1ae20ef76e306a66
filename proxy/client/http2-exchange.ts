/** One HTTP/2 request on its stream: its facts, and the response written back as HEADERS, DATA and trailers. */
import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { type DeadlineEntry, disarm } from "../deadlines.ts";
import { httpDate } from "../http1/date-field.ts";
import { Field } from "../http1/field-names.ts";
import { isBodiless } from "../http1/message-length.ts";
import { giveBack } from "../http1/received-bytes.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { appendFieldLines, informationalFields, responseFields } from "../http2/response-fields.ts";
import { trailerObject } from "../http2/trailer-fields.ts";
import { type AnswerOptions, Phase, type RequestSink } from "../request/exchange.ts";
import { answerContent } from "../response/answer.ts";
import type { Arrival } from "./arrival.ts";
import { closeWhenSent } from "./close-when-sent.ts";
import type { ClientContext, TimedConnection } from "./context.ts";
import type { BodyOwner, Http2RequestBody } from "./http2-request-body.ts";
import { ParsedExchange } from "./parsed-exchange.ts";

/** Why a stream is reset; node makes INTERNAL_ERROR of it, and nobody looks at the stack. */
const BROKEN_OFF = new Error("the response broke off");

/** Shared: nothing is made anew for each response. */
const HEAD_ONLY = { endStream: true };
const BODY_FOLLOWS = {};
const TRAILERS_FOLLOW = { waitForTrailers: true };

/** Pieces from this size on have memory of their own, which goes back as soon as they are written. */
const LARGE = 16 * 1024;

/** Statuses that a response has to have here; a target that makes up its own has not given a valid answer. */
const MAX_STATUS = 599;

/** Http2Exchange stands in the deadline queues itself: each stream has its own deadline, whatever the others do. */
export class Http2Exchange extends ParsedExchange implements BodyOwner, TimedConnection {
  expiresAt = 0;
  queuedIn: DeadlineEntry["queuedIn"] = null;
  nextInQueue: DeadlineEntry | null = null;
  previousInQueue: DeadlineEntry | null = null;
  readonly #stream: ServerHttp2Stream;
  readonly #body: Http2RequestBody | null;
  readonly #acceptsTrailers: boolean;
  /** A head that waits for the next flush: with luck it goes out with the whole body, or with the end. */
  #fields: string[] | null = null;
  #gathered: Buffer | null = null;
  #bodiless = false;
  #trailersMayCome = false;
  /** The head went out without a promise that the last DATA ends the stream. */
  #awaitsTrailers = false;
  #trailers = "";
  #listensForDrain = false;

  /** @param body null for a request without one */
  constructor(
    stream: ServerHttp2Stream,
    context: ClientContext,
    arrival: Arrival,
    head: RequestHead,
    body: Http2RequestBody | null,
  ) {
    super(context, arrival, head);
    this.protocol = "HTTP/2.0";
    this.#stream = stream;
    this.#body = body;
    this.#acceptsTrailers = head.acceptsTrailers;
    body?.begin(this, head.contentLength);
  }

  get requestComplete(): boolean {
    return this.#body === null || this.#body.complete;
  }

  get replayable(): boolean {
    return this.requestBuffer !== null || this.#body === null || this.#body.replayable;
  }

  override startBody(sink: RequestSink): void {
    this.sink = sink;
    if (this.requestBuffer !== null) {
      this.requestBuffer.sendTo(sink);
    } else if (this.#body !== null) {
      this.#body.start(sink);
    } else {
      sink.endBody("");
      sink.flushBody();
    }
  }

  override resumeRequestBody(): void {
    if (this.requestBuffer === null) this.#body?.resume();
    else this.requestBuffer.resume();
  }

  override sendContinue(): void {
    if (this.head().expectContinue) this.#inform({ ":status": 100 });
  }

  override inform(head: ResponseHead): void {
    this.#inform(informationalFields(head));
  }

  override respond(head: ResponseHead): void {
    this.begins(Phase.Responding, head);
    if (head.status > MAX_STATUS) this.status = 502;
    const { status } = this;
    this.responseType = head.value(Field.ContentType) ?? "";
    const added = this.onResponse === null ? "" : this.onResponse(this, head);
    const fields = responseFields(head, status);
    if (added !== "") appendFieldLines(fields, added);
    // Node ends the stream with the head of a 205, which has no content (RFC 9110 §15.3.6).
    const reset = status === 205;
    this.#bodiless = reset || isBodiless(this.method, status);
    if (head.contentLength >= 0 && status !== 204 && !reset) {
      fields.push("content-length", String(head.contentLength));
    }
    if (!head.hasDate) fields.push("date", httpDate());
    this.#trailersMayCome =
      !this.#bodiless && head.contentLength < 0 && (this.#acceptsTrailers || head.value(Field.Trailer) !== undefined);
    this.#fields = fields;
  }

  override body(bytes: Buffer, start: number, end: number): void {
    if (end === start || this.#bodiless) return;
    this.responseBytes += end - start;
    const before = this.#gathered;
    if (before === null) {
      const length = end - start;
      const copy = length < LARGE ? Buffer.allocUnsafe(length) : Buffer.allocUnsafeSlow(length);
      bytes.copy(copy, 0, start, end);
      this.#gathered = copy;
    } else {
      this.#gathered = Buffer.concat([before, bytes.subarray(start, end)]);
    }
  }

  override end(trailers: string): void {
    this.#trailers = trailers;
    this.finish();
  }

  override flush(): boolean {
    const stream = this.#stream;
    // Reset by the client: its 'close' is on the way and tells the target.
    if (stream.destroyed || stream.closed) return true;
    const ended = this.phase === Phase.Ended;
    const gathered = this.#gathered;
    this.#gathered = null;
    if (this.#fields !== null && !this.#sendHead(this.#fields, ended && gathered === null)) return true;
    if (!ended) return gathered === null ? !stream.writableNeedDrain : this.#write(gathered);
    if (gathered !== null) stream.end(gathered);
    else if (!stream.writableEnded) stream.end();
    this.#leave();
    return true;
  }

  override answer(status: number, options: AnswerOptions = {}): void {
    if (this.phase !== Phase.Waiting) return;
    this.phase = Phase.Responding;
    this.status = status;
    const page = this.errorPages?.(status, options.message) ?? null;
    const content = answerContent(status, { ...options, page, fields: this.standingFields });
    const fields = [":status", String(status)];
    appendFieldLines(fields, content.fields);
    fields.push("date", httpDate());
    this.#fields = fields;
    this.responseType = content.contentType;
    this.#bodiless = this.method === "HEAD";
    if (!this.#bodiless && content.page.length > 0) {
      this.#gathered = content.page;
      this.responseBytes = content.page.length;
    }
    this.finish();
    this.flush();
  }

  override abort(): void {
    if (this.phase === Phase.Ended) return;
    this.finish();
    this.#reset();
  }

  // An upgrade is never offered here: there is nothing to splice.

  override switchProtocols(): void {
    this.abort();
  }

  override tunnel(): boolean {
    return true;
  }

  override endTunnel(): void {}

  override closeTunnel(): void {
    this.abort();
  }

  // BodyOwner

  bodyMoved(): void {
    this.#rearm();
  }

  // Called by deadlines

  bodyTimedOut(): void {
    const { sink } = this;
    if (this.phase === Phase.Waiting) {
      this.answer(408);
      sink?.abortRequest();
    } else {
      this.destroy();
    }
  }

  headTimedOut(): void {}

  close(): void {}

  /** The client takes nothing of what it asked for. */
  destroy(): void {
    this.#reset();
  }

  // Called by the connection

  /** The stream is over, or half of it is: if that was not the exchange's doing, the client has gone. */
  streamClosed(): void {
    disarm(this);
    this.#body?.discard();
    this.#gathered = null;
    this.clientGone();
  }

  /** Returns false when there is no way to send it. */
  #sendHead(fields: string[], last: boolean): boolean {
    this.#fields = null;
    this.#awaitsTrailers = this.#trailers !== "" || (this.#trailersMayCome && this.phase !== Phase.Ended);
    if (this.#awaitsTrailers) this.#stream.on("wantTrailers", () => this.#sendTrailers());
    try {
      if (this.#awaitsTrailers) this.#stream.respond(fields, TRAILERS_FOLLOW);
      else this.#stream.respond(fields, last || this.#bodiless ? HEAD_ONLY : BODY_FOLLOWS);
      return true;
    } catch {
      // The 'close' that follows tells the target.
      this.#reset();
      return false;
    }
  }

  #write(bytes: Buffer): boolean {
    const stream = this.#stream;
    const written = (error?: Error | null): void => {
      // Node settles the writes of a destroyed stream early: those bytes may still be on their way.
      if (!error && !stream.destroyed) giveBack(bytes, 0, bytes.length);
    };
    if (bytes.length < LARGE ? stream.write(bytes) : stream.write(bytes, written)) return true;
    if (!this.#listensForDrain) {
      this.#listensForDrain = true;
      this.#stream.on("drain", () => this.#onDrain());
    }
    this.#rearm();
    return false;
  }

  #onDrain(): void {
    if (this.phase === Phase.Ended) return;
    this.#rearm();
    this.sink?.resumeResponse();
  }

  #sendTrailers(): void {
    try {
      // An empty section is sent as an empty DATA frame that ends the stream.
      this.#stream.sendTrailers(trailerObject(this.#trailers));
      // They go out in the next turn, and after them nothing.
      if (!this.requestComplete) setImmediate(closeWhenSent, this.#stream);
    } catch {
      this.#reset();
    }
  }

  #inform(fields: OutgoingHttpHeaders): void {
    if (this.#stream.destroyed || this.#stream.closed || this.#stream.headersSent) return;
    try {
      this.#stream.additionalHeaders(fields);
    } catch {
      // A hint that cannot be passed on is no reason to fail: the response itself is still to come.
    }
  }

  /** The response is handed over; what is left is the client's to take, within a time. */
  #leave(): void {
    this.context.writeWait.arm(this);
    if (this.requestComplete) return;
    // Answered before the body was whole: the client may stop sending it (RFC 9113 §8.1).
    this.#body?.discard();
    if (!this.#awaitsTrailers) closeWhenSent(this.#stream);
  }

  /** `close` with a code will not do: node ends the stream first, and what was cut off would look whole. */
  #reset(): void {
    this.#fields = null;
    this.#gathered = null;
    this.#stream.destroy(BROKEN_OFF);
  }

  /** The one deadline that fits what is going on: a client is waited for only where it is its turn. */
  #rearm(): void {
    if (this.phase === Phase.Ended) return;
    const { writeWait, bodyWait } = this.context;
    if (this.#stream.writableNeedDrain) writeWait.arm(this);
    else if (this.#body === null || this.#body.complete || this.#body.waiting) disarm(this);
    else bodyWait.arm(this);
  }
}
