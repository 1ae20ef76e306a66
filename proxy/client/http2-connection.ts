/** One HTTP/2 client connection: each stream's request is read and handed to the journey. Loads node:http2; import it late. */
import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { TLSSocket } from "node:tls";
import { DeadlineEntry, disarm } from "../deadlines.ts";
import { readRequest } from "../http2/request-bytes.ts";
import type { Arrival } from "./arrival.ts";
import type { ClientContext, TimedConnection } from "./context.ts";
import { Http2Exchange } from "./http2-exchange.ts";
import { Http2Refusal } from "./http2-refusal.ts";
import { Http2RequestBody } from "./http2-request-body.ts";
import { sessionOptions } from "./http2-session-options.ts";

/** END_STREAM of a HEADERS frame (RFC 9113 §6.2). */
const END_STREAM = 1;

/** A stream with what belongs to it; shared listeners find it there. */
type OwnedStream = ServerHttp2Stream & { connection?: Http2Connection; exchange?: Http2Exchange };

type NewStream = {
  readonly stream: OwnedStream;
  readonly raw: readonly string[];
  readonly body: Http2RequestBody | null;
};

/**
 * Requests begin after everything that was read at once has been looked at: one that was reset in the same breath (a
 * "rapid reset", CVE-2023-44487) never reaches a target. Streams have deadlines of their own; the connection's is for
 * the time without any.
 */
export class Http2Connection extends DeadlineEntry implements TimedConnection {
  readonly socket: TLSSocket;
  readonly arrival: Arrival;
  readonly #context: ClientContext;
  readonly #onClose: (connection: Http2Connection) => void;
  readonly #session: ServerHttp2Session | null = null;
  #streams = 0;
  #closing = false;
  #new: NewStream[] = [];

  constructor(
    socket: TLSSocket,
    context: ClientContext,
    arrival: Arrival,
    onClose: (connection: Http2Connection) => void,
  ) {
    super();
    this.socket = socket;
    this.arrival = arrival;
    this.#context = context;
    this.#onClose = onClose;
    if (socket.destroyed) {
      process.nextTick(() => this.#onSocketClose());
      return;
    }
    socket.on("error", ignoreError);
    // Half a connection is of no use here, whatever the socket allows.
    socket.on("end", () => this.destroy());
    socket.on("close", () => this.#onSocketClose());
    const session = startSession(socket, context);
    if (session === null) return;
    this.#session = session;
    session.setLocalWindowSize(context.limits.http2ConnectionWindowBytes);
    session.on("error", ignoreError);
    session.on("stream", (stream, _headers, flags, raw) => this.#onStream(stream, flags, raw));
    context.headWait.arm(this);
  }

  // Called by deadlines and by the listener

  headTimedOut(): void {
    this.close();
  }

  bodyTimedOut(): void {
    this.destroy();
  }

  /**
   * Says GOAWAY and lets open streams finish. What the client has sent meanwhile is beyond the last stream that GOAWAY
   * names: it knows that nothing was done about it, and asks again elsewhere (RFC 9113 §6.8).
   */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#session?.close();
    if (this.#streams === 0) this.#context.linger.arm(this);
  }

  destroy(): void {
    this.socket.destroy();
  }

  // Events

  #onStream(stream: OwnedStream, flags: number, raw: readonly string[]): void {
    this.#streams++;
    disarm(this);
    stream.connection = this;
    stream.on("error", ignoreError);
    stream.on("close", onStreamClose);
    let body: Http2RequestBody | null = null;
    if ((flags & END_STREAM) === 0) {
      body = new Http2RequestBody(stream, this.#context.limits);
      stream.on("aborted", onStreamAborted);
    }
    this.#new.push({ stream, raw, body });
    if (this.#new.length === 1) setImmediate(beginNew, this);
  }

  /** Called once for everything that came together. */
  beginNew(): void {
    const streams = this.#new;
    this.#new = [];
    for (const { stream, raw, body } of streams) {
      if (!stream.closed && !stream.destroyed) this.#begin(stream, raw, body);
      // What is left unread would keep the stream, and with it the connection, for ever.
      else body?.discard();
    }
  }

  streamClosed(stream: OwnedStream): void {
    stream.exchange?.streamClosed();
    this.#streams--;
    if (this.#streams > 0 || this.socket.destroyed) return;
    if (this.#closing) this.#context.linger.arm(this);
    else this.#context.keepAlive.arm(this);
  }

  #begin(stream: OwnedStream, raw: readonly string[], body: Http2RequestBody | null): void {
    const context = this.#context;
    const { head } = context;
    const refusal = readRequest(head, raw, body !== null);
    if (refusal !== 0) {
      this.#refuse(stream, refusal, body);
      return;
    }
    context.counters.requests++;
    const exchange = new Http2Exchange(stream, context, this.arrival, head, body);
    stream.exchange = exchange;
    if (head.asterisk) exchange.answer(200);
    else context.journey(exchange);
  }

  /** Answers what is not a request. */
  #refuse(stream: OwnedStream, status: number, body: Http2RequestBody | null): void {
    this.#context.countRejected(status);
    body?.discard();
    Http2Refusal.send(stream, status, this.#context);
  }

  #onSocketClose(): void {
    disarm(this);
    this.#new = [];
    this.#onClose(this);
  }
}

/** Null for a socket that is on its way out: there is nobody to talk to. */
function startSession(socket: TLSSocket, context: ClientContext): ServerHttp2Session | null {
  try {
    return performServerHandshake(socket, sessionOptions(context.limits));
  } catch {
    socket.destroy();
    return null;
  }
}

function beginNew(connection: Http2Connection): void {
  connection.beginNew();
}

function onStreamClose(this: OwnedStream): void {
  this.connection?.streamClosed(this);
}

function onStreamAborted(this: OwnedStream): void {
  this.exchange?.streamClosed();
}

/** Sockets, sessions and streams report errors here and then close; the close does the work. */
function ignoreError(): void {}
