/** One HTTP/1 request on a client connection: its facts, its forwarded head, and the response written back. */
import type { Socket } from "node:net";
import { Field } from "../http1/field-names.ts";
import { isBodiless } from "../http1/message-length.ts";
import { writeInformational, writeRelayedResponse } from "../http1/relayed-response.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { type AnswerOptions, type Exchange, Phase, type RequestSink } from "../request/exchange.ts";
import { writeAnswer } from "../response/answer.ts";
import type { Arrival } from "./arrival.ts";
import type { ClientContext } from "./context.ts";
import { ParsedExchange } from "./parsed-exchange.ts";

/** How the response body is framed towards the client. */
const BODY_LENGTH = 0;
const BODY_CHUNKED = 1;
const BODY_CLOSE = 2;

/** What an exchange needs of the connection that it came on. */
export interface ExchangeOwner {
  readonly socket: Socket;
  readonly arrival: Arrival;
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

export class Http1Exchange extends ParsedExchange {
  /** The connection goes on after this exchange. */
  keepAlive: boolean;
  readonly chunked: boolean;
  readonly #connection: ExchangeOwner;
  readonly #minorVersion: number;
  #framing = BODY_LENGTH;

  constructor(connection: ExchangeOwner, context: ClientContext, head: RequestHead) {
    super(context, connection.arrival, head);
    this.#connection = connection;
    this.#minorVersion = head.minorVersion;
    this.keepAlive = head.keepAlive;
    this.chunked = head.chunked;
    this.protocol = head.minorVersion === 1 ? "HTTP/1.1" : "HTTP/1.0";
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
    if (!this.head().expectContinue) return;
    this.context.output.text("HTTP/1.1 100 Continue\r\n\r\n");
    this.context.output.flush(this.#connection.socket);
  }

  override inform(head: ResponseHead): void {
    if (this.#minorVersion === 1) writeInformational(this.context.output, head, "");
  }

  override respond(head: ResponseHead): void {
    this.begins(Phase.Responding, head);
    this.responseType = head.value(Field.ContentType) ?? "";
    // A client that is told "no" while it is still sending cannot use this connection for anything else.
    if (!this.requestComplete && head.status >= 400) this.keepAlive = false;
    const added = this.onResponse === null ? "" : this.onResponse(this, head);
    writeRelayedResponse(this.context.output, head, added + this.#responseFraming(head));
  }

  override body(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (length === 0) return;
    const { output } = this.context;
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
      this.context.output.text(trailers === "" ? "0\r\n\r\n" : `0\r\n${trailers}\r\n`);
    this.finish();
  }

  override flush(): boolean {
    const taken = this.context.output.flush(this.#connection.socket);
    if (this.phase === Phase.Ended) {
      this.#connection.exchangeEnded(this);
      return true;
    }
    this.#connection.written();
    return taken;
  }

  override switchProtocols(head: ResponseHead): void {
    this.begins(Phase.Tunnelling, head);
    this.keepAlive = false;
    writeInformational(this.context.output, head, `Connection: Upgrade\r\nUpgrade: ${head.upgrade}\r\n`);
    this.flush();
    this.#connection.startTunnel();
  }

  override tunnel(bytes: Buffer, start: number, end: number): boolean {
    this.responseBytes += end - start;
    this.context.output.copy(bytes, start, end);
    this.#connection.tunnelActive();
    return this.flush();
  }

  override endTunnel(): void {
    this.#connection.endTunnel();
  }

  override closeTunnel(goodbye: Buffer | undefined): void {
    if (goodbye) this.context.output.copy(goodbye, 0, goodbye.length);
    this.context.output.flush(this.#connection.socket);
    this.sink = null;
    this.#connection.closeTunnel();
  }

  override answer(status: number, options: AnswerOptions = {}): void {
    if (this.phase !== Phase.Waiting) return;
    this.phase = Phase.Responding;
    this.status = status;
    if (!this.requestComplete) this.keepAlive = false;
    const answered = writeAnswer(this.context.output, status, {
      ...options,
      head: this.method === "HEAD",
      page: this.errorPages?.(status, options.message) ?? null,
      fields: this.standingFields,
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
    this.context.output.flush(this.#connection.socket);
    this.finish();
    // Only a reset tells a client that reads until the close that something is missing.
    if (closeDelimited) this.#connection.reset();
    else this.#connection.destroy();
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

  #connectionField(): string {
    if (this.context.draining) this.keepAlive = false;
    if (!this.keepAlive) return "Connection: close\r\n";
    return this.#minorVersion === 1 ? "" : "Connection: keep-alive\r\n";
  }
}
