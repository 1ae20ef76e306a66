/** One HTTP/1 request on a client connection: its facts, its forwarded head, and the response written back. */
import type { Socket } from "node:net";
import { Field } from "../http1/field-names.ts";
import { writeForwardedRequest } from "../http1/forwarded-request.ts";
import { isBodiless } from "../http1/message-length.ts";
import { writeInformational, writeRelayedResponse } from "../http1/relayed-response.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { type AnswerOptions, Exchange, type Forwarding, Peer, Phase, type RequestSink } from "../request/exchange.ts";
import {
  believesForwardedFields,
  type ClaimedFields,
  forwardedFields,
  isRequestId,
} from "../request/forwarded-fields.ts";
import { loggedValue } from "../request/logged-field.ts";
import { writeAnswer } from "../response/answer.ts";
import type { ClientContext } from "./context.ts";

/** How the response body is framed towards the client. */
const BODY_LENGTH = 0;
const BODY_CHUNKED = 1;
const BODY_CLOSE = 2;

const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** What an exchange needs of the connection that it came on. */
export interface ExchangeOwner {
  readonly socket: Socket;
  readonly clientAddress: string;
  readonly clientPort: number;
  /** One of `Peer`. */
  readonly peer: number;
  readonly bodyComplete: boolean;
  readonly bodyReplayable: boolean;
  startBody(sink: RequestSink): void;
  resumeReading(): void;
  written(): void;
  exchangeEnded(exchange: Exchange): void;
  startTunnel(): void;
  tunnelActive(): void;
  endTunnel(): void;
  closeTunnel(): void;
  destroy(): void;
  reset(): void;
}

export class Http1Exchange extends Exchange {
  /** The connection goes on after this exchange. */
  keepAlive: boolean;
  readonly chunked: boolean;
  readonly #connection: ExchangeOwner;
  readonly #context: ClientContext;
  readonly #headBytes: Buffer;
  readonly #headStart: number;
  readonly #headEnd: number;
  readonly #minorVersion: number;
  readonly #claimed: ClaimedFields = {
    forwardedFor: undefined,
    forwardedProto: undefined,
    forwardedHost: undefined,
    kamalTarget: undefined,
    hasForwardedPrefix: false,
    hasRequestId: false,
    hasRequestStart: false,
  };
  #framing = BODY_LENGTH;
  /** Values of `loggedResponse`, from a target's response head. */
  #responseFields: string[] | null = null;

  constructor(connection: ExchangeOwner, context: ClientContext, head: RequestHead) {
    super();
    this.#connection = connection;
    this.#context = context;
    this.#headBytes = head.bytes;
    this.#headStart = head.start;
    this.#headEnd = head.end;
    this.#minorVersion = head.minorVersion;
    this.keepAlive = head.keepAlive;
    this.chunked = head.chunked;
    this.method = head.method;
    this.protocol = head.minorVersion === 1 ? "HTTP/1.1" : "HTTP/1.0";
    this.authority = head.authority;
    this.host = head.host;
    this.path = head.emptyPath ? "/" : head.slice(head.pathStart, head.queryStart);
    this.hasQuery = head.queryStart < head.targetEnd;
    if (this.hasQuery) this.query = head.slice(head.queryStart + 1, head.targetEnd);
    this.unusualPath = head.unusualPath;
    this.requestLength = head.contentLength;
    this.clientAddress = connection.clientAddress;
    this.clientPort = connection.clientPort;
    this.peer = connection.peer;
    this.localPort = context.localPort;
    this.idempotent = IDEMPOTENT_METHODS.has(head.method);
    this.#readFields(head);
    this.remoteAddress =
      this.peer === Peer.Trusted && this.#claimed.forwardedFor !== undefined && context.trustedProxies !== null
        ? context.trustedProxies.clientBehind(this.clientAddress, this.#claimed.forwardedFor)
        : this.clientAddress;
    if (!this.#claimed.hasRequestId) this.requestId = crypto.randomUUID();
    // An upgrade is a GET without a body that names exactly one protocol; otherwise the message is a plain request.
    if (head.upgrade !== "" && head.method === "GET" && head.contentLength === 0 && head.minorVersion === 1) {
      if (context.limits.upgradeKinds.includes(head.upgrade.toLowerCase())) this.upgrade = head.upgrade;
    }
  }

  get requestComplete(): boolean {
    return this.#connection.bodyComplete;
  }

  get replayable(): boolean {
    return this.requestBuffer !== null || this.#connection.bodyReplayable;
  }

  override requestField(name: string): string | undefined {
    // Cookie lines cannot be joined with commas, which values may contain (RFC 9113 §8.2.3 does it this way).
    return this.#head().fields.joinedValue(this.#headBytes, name, name === "cookie" ? "; " : ",");
  }

  override writeForwardedHead(forwarding: Forwarding): void {
    writeForwardedRequest(this.#context.output, this.#head(), {
      strippedLength: this.strippedLength,
      fallbackHost: forwarding.target,
      forwardHeaders: believesForwardedFields(this, forwarding),
      clientIpField: this.clientIpField,
      keepClientIpField: this.peer !== Peer.Stranger,
      keepRequestId: this.#claimed.hasRequestId,
      keepRequestStart: this.#claimed.hasRequestStart,
      ownFields: forwardedFields(this, this.#claimed, forwarding),
      upgrade: this.upgrade,
      bodyAtHand: this.requestBuffer !== null,
    });
  }

  override startBody(sink: RequestSink): void {
    this.sink = sink;
    if (this.requestBuffer === null) this.#connection.startBody(sink);
    else this.requestBuffer.sendTo(sink);
  }

  override resumeRequestBody(): void {
    if (this.requestBuffer === null) this.#connection.resumeReading();
    else this.requestBuffer.resume();
  }

  override sendContinue(): void {
    if (!this.#head().expectContinue) return;
    this.#context.output.text("HTTP/1.1 100 Continue\r\n\r\n");
    this.#context.output.flush(this.#connection.socket);
  }

  override inform(head: ResponseHead): void {
    if (this.#minorVersion === 1) writeInformational(this.#context.output, head, "");
  }

  override respond(head: ResponseHead): void {
    this.phase = Phase.Responding;
    this.status = head.status;
    this.responseType = head.value(Field.ContentType) ?? "";
    if (this.loggedResponse.length > 0) this.#noteResponseFields(head);
    // A client that is told "no" while it is still sending cannot use this connection for anything else.
    if (!this.requestComplete && head.status >= 400) this.keepAlive = false;
    const added = this.onResponse === null ? "" : this.onResponse(this, head);
    writeRelayedResponse(this.#context.output, head, added + this.#responseFraming(head));
  }

  override body(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length === 0) return;
    const { output } = this.#context;
    this.responseBytes += length;
    if (!output.fits(length + 16)) output.flush(this.#connection.socket);
    if (this.#framing !== BODY_CHUNKED) {
      output.copy(bytes, start, end);
      return;
    }
    output.text(`${length.toString(16)}\r\n`);
    output.copy(bytes, start, end);
    output.text("\r\n");
  }

  override end(trailers: string): void {
    if (this.#framing === BODY_CHUNKED)
      this.#context.output.text(trailers === "" ? "0\r\n\r\n" : `0\r\n${trailers}\r\n`);
    this.finish();
  }

  override flush(): boolean {
    const taken = this.#context.output.flush(this.#connection.socket);
    if (this.phase === Phase.Ended) {
      this.#connection.exchangeEnded(this);
      return true;
    }
    this.#connection.written();
    return taken;
  }

  override switchProtocols(head: ResponseHead): void {
    this.phase = Phase.Tunnelling;
    this.status = 101;
    if (this.loggedResponse.length > 0) this.#noteResponseFields(head);
    this.keepAlive = false;
    writeInformational(this.#context.output, head, `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`);
    this.flush();
    this.#connection.startTunnel();
  }

  override tunnel(bytes: Buffer, start: number, end: number): boolean {
    this.responseBytes += end - start;
    this.#context.output.copy(bytes, start, end);
    this.#connection.tunnelActive();
    return this.flush();
  }

  override endTunnel(): void {
    this.#connection.endTunnel();
  }

  override closeTunnel(goodbye: Buffer | undefined): void {
    if (goodbye) this.#context.output.copy(goodbye, 0, goodbye.length);
    this.#context.output.flush(this.#connection.socket);
    this.sink = null;
    this.#connection.closeTunnel();
  }

  override answer(status: number, options: AnswerOptions = {}): void {
    if (this.phase !== Phase.Waiting) return;
    this.phase = Phase.Responding;
    this.status = status;
    if (!this.requestComplete) this.keepAlive = false;
    const answered = writeAnswer(this.#context.output, status, {
      ...options,
      head: this.method === "HEAD",
      page: this.errorPages?.(status, options.message) ?? null,
      connection: this.#connectionField(),
    });
    this.responseBytes = answered.bodyBytes;
    this.responseType = answered.contentType;
    this.finish();
    this.flush();
  }

  override abort(): void {
    if (this.phase === Phase.Ended) return;
    const closeDelimited = this.phase === Phase.Responding && this.#framing === BODY_CLOSE;
    this.#context.output.flush(this.#connection.socket);
    this.finish();
    // Only a reset tells a client that reads until the close that something is missing.
    if (closeDelimited) this.#connection.reset();
    else this.#connection.destroy();
  }

  /** The client has gone: the target is told, the log says 499 if nothing was answered. */
  clientGone(): void {
    if (this.phase === Phase.Ended) return;
    if (this.phase === Phase.Waiting) this.status = 499;
    const { sink, onClientGone } = this;
    this.finish();
    onClientGone?.();
    sink?.abortRequest();
  }

  /** Marks the end, once: the target's count goes down and the log line is written. */
  finish(): void {
    this.phase = Phase.Ended;
    this.sink = null;
    this.requestBuffer?.discard();
    this.responseBuffer?.discard();
    this.claim?.release(this);
    this.claim = null;
    if (this.loggedResponse.length > 0) this.#logResponseFields();
    this.onEnd?.(this);
    this.onEnd = null;
  }

  #readFields(head: RequestHead): void {
    const { ids, kept, count } = head.fields;
    const claimed = this.#claimed;
    for (let index = 0; index < count; index++) {
      if (ids[index] === Field.Other || kept[index] === 0) continue;
      switch (ids[index] as number) {
        case Field.UserAgent:
          this.userAgent = head.valueAt(index);
          break;
        case Field.ContentType:
          this.requestType = head.valueAt(index);
          break;
        case Field.XForwardedFor:
          claimed.forwardedFor = joined(claimed.forwardedFor, head.valueAt(index));
          if (this.forwardedFor === "") this.forwardedFor = head.valueAt(index);
          break;
        case Field.XForwardedProto:
          claimed.forwardedProto ??= head.valueAt(index);
          break;
        case Field.XForwardedHost:
          claimed.forwardedHost ??= head.valueAt(index);
          break;
        case Field.XKamalTarget:
          claimed.kamalTarget = joined(claimed.kamalTarget, head.valueAt(index));
          break;
        case Field.XForwardedPrefix:
          claimed.hasForwardedPrefix = true;
          break;
        case Field.XRequestId:
          // Two ids are none: which one would the application believe?
          claimed.hasRequestId = this.requestId === "" && isRequestId(head.valueAt(index));
          this.requestId = head.valueAt(index);
          break;
        case Field.XRequestStart:
          claimed.hasRequestStart = head.valueAt(index) !== "";
          break;
        case Field.IdempotencyKey:
        case Field.XIdempotencyKey:
          this.idempotent = true;
          break;
        default:
      }
    }
  }

  /** The parsed head: still there in the usual case, parsed again after a wait in which others used the parser. */
  #head(): RequestHead {
    const { head } = this.#context;
    if (head.bytes !== this.#headBytes || head.start !== this.#headStart) {
      head.reset(this.#headStart);
      head.parse(this.#headBytes, this.#headEnd);
    }
    return head;
  }

  #responseFraming(head: ResponseHead): string {
    const bodiless = isBodiless(this.method, head.status);
    let framing = "";
    this.#framing = BODY_LENGTH;
    if (head.contentLength >= 0) {
      if (head.status !== 204) framing = `Content-Length: ${head.contentLength}\r\n`;
    } else if (bodiless) {
      if (head.chunked && head.status !== 204 && this.#minorVersion === 1) framing = "Transfer-Encoding: chunked\r\n";
    } else if (this.#minorVersion === 1) {
      this.#framing = BODY_CHUNKED;
      framing = "Transfer-Encoding: chunked\r\n";
    } else {
      this.#framing = BODY_CLOSE;
      this.keepAlive = false;
    }
    return framing + this.#connectionField();
  }

  #noteResponseFields(head: ResponseHead): void {
    this.#responseFields = this.loggedResponse.map((field) => loggedValue(field, head.valueOf(field.name)));
  }

  /** Every field that was asked for is there, with or without a response of a target. */
  #logResponseFields(): void {
    this.loggedFields ??= [];
    for (const [index, field] of this.loggedResponse.entries()) {
      this.loggedFields.push([field.key, this.#responseFields?.[index] ?? ""]);
    }
  }

  #connectionField(): string {
    if (this.#context.draining) this.keepAlive = false;
    if (!this.keepAlive) return "Connection: close\r\n";
    return this.#minorVersion === 1 ? "" : "Connection: keep-alive\r\n";
  }
}

function joined(before: string | undefined, value: string): string | undefined {
  return before === undefined ? value : `${before}, ${value}`;
}
