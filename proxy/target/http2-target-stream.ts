/** One exchange on an HTTP/2 stream to a target: its head and body out, the response in, and what becomes of a failure. */
import type { ClientHttp2Stream } from "node:http2";
import { DeadlineEntry, disarm } from "../deadlines.ts";
import { isBodiless } from "../http1/message-length.ts";
import { forwardedHttp2Fields } from "../http2/forwarded-fields.ts";
import { responseBytes } from "../http2/response-bytes.ts";
import { trailerObject, trailerText } from "../http2/trailer-fields.ts";
import { type Exchange, Phase, type RequestSink } from "../request/exchange.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { TimedConnection } from "./context.ts";
import { type Failure, neverSent, Retry } from "./failure.ts";
import type { Http2Carrier } from "./http2-carrier.ts";

/** No session has room yet. */
const WAITING = 0;
const HEAD = 1;
const BODY = 2;
const CLOSED = 3;

// Codes of RFC 9113 §7, and a flag of §6.2
const NO_ERROR = 0;
const REFUSED_STREAM = 7;
const CANCEL = 8;
const END_STREAM = 1;

export class Http2TargetStream extends DeadlineEntry implements RequestSink, TimedConnection {
  /** Where it waits for a session, if it does. */
  waitsIn: Set<Http2TargetStream> | null = null;
  readonly #target: ConnectionOwner;
  /** The second try: there is no third. */
  readonly #again: boolean;
  #exchange: Exchange | null;
  #carrier: Http2Carrier | null = null;
  #stream: ClientHttp2Stream | null = null;
  #state = WAITING;
  /** The session had been in use before. */
  #reused = false;
  #requestEnded = false;
  #cancelled = false;
  #requestTrailers = "";
  #responseTrailers = "";
  #informational = 0;
  /** Bytes of body still to come; Infinity when only the end of the stream tells. */
  #left = 0;

  /** It waits no longer for a session than for a connection. */
  constructor(target: ConnectionOwner, exchange: Exchange, again: boolean) {
    super();
    this.#target = target;
    this.#exchange = exchange;
    this.#again = again;
    exchange.sink = this;
    target.context.connectWait.arm(this);
  }

  /** What must not be sent twice is sent over a session that has just proved itself. */
  get idempotent(): boolean {
    return this.#exchange?.idempotent ?? true;
  }

  /** Opens the stream, on a session that has room for it. */
  begin(carrier: Http2Carrier, reused: boolean): void {
    const exchange = this.#exchange as Exchange;
    disarm(this);
    this.#carrier = carrier;
    this.#reused = reused;
    this.#state = HEAD;
    const { requestLength } = exchange;
    try {
      this.#stream = carrier.client.request(this.#forwardedFields(exchange), {
        endStream: requestLength === 0,
        // Node ends the body of a stream that it resets, and END_STREAM goes out first: half a request would look whole.
        // This holds it back until we say that there is nothing more.
        waitForTrailers: requestLength !== 0,
      });
    } catch {
      // The session was closing at this very moment: nothing has been sent.
      this.#fail("stream-refused");
      return;
    }
    this.#listen(this.#stream, carrier);
    exchange.startBody(this);
  }

  /** No session could be made for it. */
  connectFailed(failure: Failure): void {
    this.#fail(failure);
  }

  // RequestSink: what the client's side asks for

  sendBody(bytes: Buffer, start: number, end: number): boolean {
    const stream = this.#stream;
    if (stream === null || this.#state === CLOSED || !stream.writable) return true;
    const piece = bytes.subarray(start, end);
    // What comes out of a decoder stands in memory that others use as soon as this returns.
    stream.write(this.#exchange?.requestLength === -1 ? Buffer.from(piece) : piece);
    return false;
  }

  endBody(trailers: string): void {
    const { context, policy } = this.#target;
    const stream = this.#stream;
    if (this.#state === CLOSED) return;
    this.#requestEnded = true;
    this.#requestTrailers = trailers;
    if (stream !== null && !stream.writableEnded) stream.end();
    if (this.#state === HEAD && policy.responseTimeoutMs > 0) context.responseWait(policy.responseTimeoutMs).arm(this);
  }

  flushBody(): boolean {
    if (this.#stream === null || this.#requestEnded || !this.#stream.writableNeedDrain) return true;
    this.#target.context.writeWait.arm(this);
    return false;
  }

  resumeResponse(): void {
    this.#stream?.resume();
  }

  abortRequest(): void {
    const carrier = this.#carrier;
    const unanswered = this.#state === HEAD;
    this.#close(CANCEL);
    // Clients that leave before they are answered must not hide for ever that nobody is there.
    if (unanswered) carrier?.doubt();
    carrier?.next();
  }

  cut(): void {
    if (this.#exchange !== null) this.#fail("drained");
  }

  // Deadlines

  connectTimedOut(): void {
    this.#fail("connect-timeout");
  }

  responseTimedOut(): void {
    this.#carrier?.doubt();
    this.#fail("response-timeout");
  }

  writeTimedOut(): void {
    this.#carrier?.doubt();
    this.#fail("write-timeout");
  }

  destroy(): void {
    this.#fail("closed");
  }

  /** The shared output is only borrowed: what stands in it already is somebody else's. */
  #forwardedFields(exchange: Exchange): string[] {
    const { context, name, policy } = this.#target;
    const { output } = context;
    const start = output.used;
    exchange.writeForwardedHead({ target: name, forwardHeaders: policy.forwardHeaders });
    const fields = forwardedHttp2Fields(output.bytes, start, output.used);
    output.used = start;
    return fields;
  }

  #listen(stream: ClientHttp2Stream, carrier: Http2Carrier): void {
    const listFrom = (raw: unknown): readonly string[] => raw as readonly string[];
    stream.on("headers", (_fields, _flags, raw: unknown) => this.#onInformational(listFrom(raw)));
    stream.on("response", (_fields, flags, raw: unknown) => this.#onResponse(listFrom(raw), flags));
    stream.on("trailers", (_fields, _flags, raw: unknown) => this.#onTrailers(listFrom(raw)));
    stream.on("wantTrailers", () => this.#sendTrailers());
    stream.on("drain", () => this.#onDrain());
    stream.on("end", () => this.#onEnd());
    stream.on("close", () => this.#onClose());
    // The close that follows does the work.
    stream.on("error", () => carrier.heard());
  }

  #sendTrailers(): void {
    if (!this.#requestEnded || this.#cancelled) return;
    try {
      // An empty section is sent as an empty DATA frame that ends the stream.
      this.#stream?.sendTrailers(trailerObject(this.#requestTrailers));
    } catch {
      this.#fail("closed");
    }
  }

  #onDrain(): void {
    if (!this.#requestEnded) disarm(this);
    this.#exchange?.resumeRequestBody();
  }

  #onInformational(raw: readonly string[]): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    this.#carrier?.heard();
    if (++this.#informational > this.#target.context.limits.maxInformationalResponses) {
      this.#fail("too-many-informational");
    } else if (!this.#parse(raw, exchange.method, false)) {
      this.#fail("malformed");
    } else {
      exchange.response.inform(this.#target.context.head);
      exchange.response.flush();
    }
  }

  #onResponse(raw: readonly string[], flags: number): void {
    const exchange = this.#exchange;
    const stream = this.#stream;
    if (exchange === null || stream === null) return;
    this.#carrier?.heard();
    const endsStream = (flags & END_STREAM) !== 0;
    if (!this.#parse(raw, exchange.method, endsStream)) return this.#fail("malformed");
    const { head } = this.#target.context;
    this.#target.meter?.responded(exchange);
    if (this.#requestEnded) disarm(this);
    this.#state = BODY;
    const bodiless = isBodiless(exchange.method, head.status);
    this.#left = bodiless ? 0 : head.contentLength >= 0 ? head.contentLength : Number.POSITIVE_INFINITY;
    const mayEndEarly = bodiless || endsStream;
    exchange.response.respond(head);
    if (mayEndEarly) this.#left = 0;
    // Head and end in one turn: whoever writes it can say at once that there is no more.
    if (endsStream) return this.#complete(exchange, "");
    stream.on("data", (chunk: Buffer) => this.#onData(chunk));
    if (!exchange.response.flush()) stream.pause();
  }

  #parse(raw: readonly string[], method: string, endsStream: boolean): boolean {
    const bytes = responseBytes(raw, { method, endsStream });
    return bytes !== null && this.#target.context.head.parse(bytes, 0, bytes.length) === bytes.length;
  }

  #onData(chunk: Buffer): void {
    const exchange = this.#exchange;
    if (exchange === null || this.#state !== BODY) return;
    this.#carrier?.heard();
    this.#left -= chunk.length;
    if (this.#left < 0) return this.#fail("malformed");
    exchange.response.body(chunk, 0, chunk.length);
    // The exchange may have been given up by what the flush led to.
    if (!exchange.response.flush() && this.#exchange !== null) this.#stream?.pause();
  }

  #onTrailers(raw: readonly string[]): void {
    this.#carrier?.heard();
    const text = trailerText(raw, this.#target.context.limits.maxTrailerBytes);
    if (text === null) this.#fail("malformed");
    else this.#responseTrailers = text;
  }

  /** Node ends the reading of a stream that was reset, too: only its code tells the difference. */
  #onEnd(): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    const whole = this.#state === BODY && this.#stream?.rstCode === NO_ERROR;
    if (whole && (this.#left === 0 || this.#left === Number.POSITIVE_INFINITY)) {
      this.#complete(exchange, this.#responseTrailers);
    } else {
      this.#onClose();
    }
  }

  #onClose(): void {
    if (this.#exchange === null) return;
    const { client, lastStreamId } = this.#carrier as Http2Carrier;
    const stream = this.#stream as ClientHttp2Stream;
    // Either way the target says that it has not done, and will not do, anything with it (RFC 9113 §8.7).
    const refused = stream.rstCode === REFUSED_STREAM || (stream.id ?? 0) > lastStreamId || stream.id === undefined;
    if (refused) this.#fail("stream-refused");
    else this.#fail(client.destroyed || client.closed ? "closed" : "stream-reset");
  }

  /** The response is whole: the place is free before the exchange goes on, which may want it at once. */
  #complete(exchange: Exchange, trailers: string): void {
    const carrier = this.#carrier;
    // Answered before it had read everything: the rest of the request must not arrive as if it were whole.
    this.#close(this.#requestEnded ? NO_ERROR : CANCEL);
    exchange.response.end(trailers);
    exchange.response.flush();
    carrier?.next();
  }

  /** Leaves the exchange, the session and all queues; what the client and the target hear is the caller's business. */
  #close(code: number): void {
    const { waitsIn } = this;
    const stream = this.#stream;
    const begun = this.#state === HEAD || this.#state === BODY;
    this.#exchange = null;
    this.#state = CLOSED;
    disarm(this);
    this.waitsIn = null;
    waitsIn?.delete(this);
    if (begun) this.#carrier?.leave();
    if (stream === null) return;
    if (code !== NO_ERROR) {
      this.#cancelled = true;
      // Never within a callback of the session: node would ask the stream for trailers after it is gone, and abort the
      // process (an assertion in Http2Stream::OnTrailers, Node 26).
      setImmediate(() => {
        if (!stream.closed && !stream.destroyed) stream.close(code);
      });
    }
    // What is not read would keep the stream, and its share of the window, for ever.
    stream.resume();
  }

  /** Gives the exchange up: a status if none was sent yet, otherwise a visible break. */
  #fail(failure: Failure): void {
    const exchange = this.#exchange;
    const carrier = this.#carrier;
    const retry = this.#retryAfter(failure);
    this.#close(CANCEL);
    if (exchange !== null && exchange.phase !== Phase.Ended) {
      if (exchange.phase === Phase.Waiting) {
        this.#target.attemptFailed(exchange, failure, retry, carrier);
      } else {
        this.#target.responseFailed(exchange, failure);
        exchange.abort();
      }
    }
    carrier?.next();
  }

  #retryAfter(failure: Failure): Retry {
    if (this.#state === WAITING) return neverSent(failure) ? Retry.Elsewhere : Retry.Never;
    if (this.#again || this.#state !== HEAD || this.#informational > 0) return Retry.Never;
    if (failure === "stream-refused") return Retry.Refused;
    return failure === "closed" && this.#reused ? Retry.Stale : Retry.Never;
  }
}
