/** One connection to a target: sends a request, reads its response into the exchange, then waits in the pool or closes. */
import { connect, type Socket } from "node:net";
import { DeadlineEntry, disarm } from "../deadlines.ts";
import { ChunkedDecoder } from "../http1/chunked-decoder.ts";
import { INCOMPLETE } from "../http1/field-section.ts";
import { isBodiless } from "../http1/message-length.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { type Exchange, Phase, type RequestSink } from "../request/exchange.ts";
import type { ConnectionOwner, PooledConnection } from "./connection-owner.ts";
import type { TimedConnection } from "./context.ts";
import { type Failure, failureOfConnectError, neverSent, Retry } from "./failure.ts";
import { CLOSE_FRAME, FrameBoundary } from "./websocket-frames.ts";

const CONNECTING = 0;
const IDLE = 1;
const HEAD = 2;
const BODY_LENGTH = 3;
const BODY_CHUNKED = 4;
const BODY_CLOSE = 5;
const TUNNEL = 6;
const CLOSED = 7;

/** Request bodies up to this size go out in one write with what is gathered already. */
const GATHER_BYTES = 64 * 1024;

export class TargetConnection extends DeadlineEntry implements PooledConnection, RequestSink, TimedConnection {
  idleSince = 0;
  /** The target said how long it keeps idle connections; ours is not used after that. */
  reusableUntil = Number.POSITIVE_INFINITY;
  readonly #target: ConnectionOwner;
  readonly #socket: Socket;
  #exchange: Exchange | null;
  #state = CONNECTING;
  #reused = false;
  #requestEnded = false;
  #informational = 0;
  #persistent = false;
  #bodyLeft = 0;
  #decoder: ChunkedDecoder | null = null;
  /** A response head that came in pieces. */
  #partial: Buffer | null = null;
  #remoteEnded = false;
  #connectError: NodeJS.ErrnoException | null = null;
  #frames: FrameBoundary | null = null;

  /** Connects to `target`, and then sends `exchange`. */
  static open(target: ConnectionOwner, exchange: Exchange): void {
    exchange.sink = new TargetConnection(target, exchange);
  }

  private constructor(target: ConnectionOwner, exchange: Exchange) {
    super();
    this.#target = target;
    this.#exchange = exchange;
    const { readBuffer } = target.context;
    const socket = connect({
      host: target.address.host,
      port: target.address.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      allowHalfOpen: true,
      // All target sockets share one buffer: reading allocates nothing, however large the bodies are.
      onread: { buffer: readBuffer, callback: (length) => this.#onRead(readBuffer, length) },
    });
    this.#socket = socket;
    target.context.connectWait.arm(this);
    socket.on("connect", () => this.#onConnect());
    socket.on("end", () => this.#onEnd());
    socket.on("drain", () => this.#onDrain());
    socket.on("error", (error) => {
      if (this.#state === CONNECTING) this.#connectError = error;
    });
    socket.on("close", () => this.#onClose());
  }

  get closing(): boolean {
    return this.#state !== IDLE || this.#socket.destroyed;
  }

  /** Sends `exchange` over this idle connection. */
  begin(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#reused = true;
    this.#start(exchange);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  // RequestSink: what the client's side asks for

  sendBody(bytes: Buffer, start: number, end: number): boolean {
    const { output } = this.#target.context;
    const length = end - start;
    if (this.#state === TUNNEL) {
      this.#socket.write(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
      return false;
    }
    if (this.#exchange?.requestLength === -1) {
      if (!output.fits(length + 16)) output.flush(this.#socket);
      output.text(`${length.toString(16)}\r\n`);
      output.copy(bytes, start, end);
      output.text("\r\n");
    } else if (output.used > 0 && length <= GATHER_BYTES && output.fits(length)) {
      output.copy(bytes, start, end);
    } else {
      output.flush(this.#socket);
      this.#socket.write(bytes.subarray(start, end));
      // Nothing left to write means that the kernel has taken all of it.
      return this.#socket.writableLength === 0;
    }
    return true;
  }

  endBody(trailers: string): void {
    if (this.#state === TUNNEL) {
      this.#socket.end();
      return;
    }
    const { context, policy } = this.#target;
    if (this.#exchange?.requestLength === -1) {
      context.output.text(trailers === "" ? "0\r\n\r\n" : `0\r\n${trailers}\r\n`);
    }
    this.#requestEnded = true;
    if (this.#state === HEAD && policy.responseTimeoutMs > 0) context.responseWait(policy.responseTimeoutMs).arm(this);
  }

  flushBody(): boolean {
    this.#target.context.output.flush(this.#socket);
    if (!this.#socket.writableNeedDrain) return true;
    if (!this.#requestEnded) this.#target.context.writeWait.arm(this);
    return false;
  }

  resumeResponse(): void {
    this.#socket.resume();
  }

  abortRequest(): void {
    this.#exchange = null;
    // What is gathered but not written yet is this request's: the next flush goes to somebody else.
    this.#target.context.output.discard();
    // A reset, not a FIN: half a message must never look like a whole one.
    if (this.#state === CONNECTING) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  /** Ends what is going on, at a drain's deadline. */
  cut(): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    if (this.#state === TUNNEL) {
      this.#exchange = null;
      exchange.closeTunnel(this.#frames?.atBoundary ? CLOSE_FRAME : undefined);
      this.#socket.destroy();
      return;
    }
    this.#fail("drained");
  }

  // Deadlines

  connectTimedOut(): void {
    this.#fail("connect-timeout");
  }

  responseTimedOut(): void {
    this.#fail("response-timeout");
  }

  writeTimedOut(): void {
    this.#fail("write-timeout");
  }

  // Events of the socket

  #onConnect(): void {
    const exchange = this.#exchange;
    disarm(this);
    if (exchange === null) {
      this.#socket.destroy();
      return;
    }
    this.#target.meter?.connected(exchange.sentAt);
    this.#start(exchange);
  }

  #start(exchange: Exchange): void {
    const { forwardHeaders } = this.#target.policy;
    disarm(this);
    this.#state = HEAD;
    this.#requestEnded = false;
    this.#informational = 0;
    exchange.writeForwardedHead({ target: this.#target.name, forwardHeaders });
    exchange.startBody(this);
  }

  #onDrain(): void {
    if (this.#state === HEAD && this.#requestEnded) return;
    disarm(this);
    this.#exchange?.resumeRequestBody();
  }

  #onEnd(): void {
    this.#remoteEnded = true;
    const exchange = this.#exchange;
    if (exchange === null) {
      this.#socket.destroy();
    } else if (this.#state === TUNNEL) {
      exchange.endTunnel();
    } else if (this.#state === BODY_CLOSE) {
      this.#complete(exchange, "");
      exchange.response.flush();
    } else {
      this.#fail("closed");
    }
  }

  #onClose(): void {
    disarm(this);
    this.#target.forget(this);
    const wasConnecting = this.#state === CONNECTING;
    if (this.#exchange === null) this.#state = CLOSED;
    else if (this.#state === TUNNEL && this.#remoteEnded) this.#state = CLOSED;
    else if (wasConnecting) this.#fail(failureOfConnectError(this.#connectError ?? new Error("closed")));
    else this.#fail("closed");
  }

  /** Returns false to pause reading until `resumeResponse`. */
  #onRead(bytes: Buffer, length: number): boolean {
    const exchange = this.#exchange;
    // Bytes that nobody asked for: whatever they are, they must not answer the next request (CVE-2026-48931).
    if (exchange === null || this.#state === IDLE) {
      this.#socket.destroy();
      return true;
    }
    if (this.#state === TUNNEL) {
      this.#frames?.push(bytes, 0, length);
      return exchange.tunnel(bytes, 0, length);
    }
    if (this.#state === HEAD) return this.#readHead(exchange, bytes, length);
    this.#readBody(exchange, bytes, 0, length);
    return exchange.response.flush();
  }

  #readHead(exchange: Exchange, received: Buffer, length: number): boolean {
    let bytes = received;
    let end = length;
    if (this.#partial !== null) {
      bytes = Buffer.concat([this.#partial, received.subarray(0, length)]);
      end = bytes.length;
    }
    const { head, limits } = this.#target.context;
    let position = 0;
    for (;;) {
      const result = head.parse(bytes, position, end);
      if (result === INCOMPLETE) {
        this.#partial = Buffer.from(bytes.subarray(position, end));
        return exchange.response.flush();
      }
      if (result < 0) {
        this.#fail("malformed");
        return true;
      }
      position = result;
      if (head.status >= 200 || head.status === 101) break;
      if (++this.#informational > limits.maxInformationalResponses) {
        this.#fail("too-many-informational");
        return true;
      }
      exchange.response.inform(head);
      if (position === end) {
        this.#partial = null;
        return exchange.response.flush();
      }
    }
    this.#partial = null;
    this.#target.meter?.responded(exchange);
    if (head.status === 101) return this.#switch(exchange, head, bytes, position, end);
    if (this.#requestEnded) disarm(this);
    this.#beginBody(exchange, head);
    exchange.response.respond(head);
    if (position < end || (this.#state === BODY_LENGTH && this.#bodyLeft === 0)) {
      this.#readBody(exchange, bytes, position, end);
    }
    return exchange.response.flush();
  }

  #beginBody(exchange: Exchange, head: ResponseHead): void {
    const bodiless = isBodiless(exchange.method, head.status);
    this.#persistent = head.persistent;
    this.#decoder = null;
    if (bodiless || head.contentLength >= 0) {
      this.#state = BODY_LENGTH;
      this.#bodyLeft = bodiless ? 0 : head.contentLength;
    } else if (head.chunked) {
      this.#state = BODY_CHUNKED;
      this.#decoder = new ChunkedDecoder(this.#target.context.limits.maxTrailerBytes);
    } else {
      this.#state = BODY_CLOSE;
      this.#persistent = false;
    }
    if (head.keepAliveSeconds > 0) {
      const keptMs = Math.max(head.keepAliveSeconds * 1000 - 1000, head.keepAliveSeconds * 500);
      this.reusableUntil = performance.now() + keptMs;
    }
  }

  #readBody(exchange: Exchange, bytes: Buffer, start: number, end: number): void {
    if (this.#state === BODY_LENGTH) {
      const stop = start + Math.min(this.#bodyLeft, end - start);
      exchange.response.body(bytes, start, stop);
      this.#bodyLeft -= stop - start;
      if (this.#bodyLeft > 0) return;
      if (stop < end) this.#persistent = false;
      this.#complete(exchange, "");
    } else if (this.#decoder !== null) {
      this.#readChunked(exchange, this.#decoder, bytes, start, end);
    } else {
      exchange.response.body(bytes, start, end);
    }
  }

  #readChunked(exchange: Exchange, decoder: ChunkedDecoder, bytes: Buffer, start: number, end: number): void {
    const { decoded } = this.#target.context;
    let position = start;
    while (position < end && !decoder.done) {
      const stop = Math.min(end, position + decoded.length);
      const written = decoder.decode(bytes, position, stop, decoded, 0);
      position += decoder.consumed;
      if (decoder.failed) {
        this.#fail("malformed");
        return;
      }
      exchange.response.body(decoded, 0, written);
    }
    if (!decoder.done) return;
    if (position < end) this.#persistent = false;
    this.#complete(exchange, decoder.trailers);
  }

  /** The response is whole: the connection is free before the exchange goes on, which may want it at once. */
  #complete(exchange: Exchange, trailers: string): void {
    this.#exchange = null;
    disarm(this);
    const reusable = this.#persistent && this.#requestEnded && !this.#socket.writableNeedDrain && !this.#remoteEnded;
    this.#state = IDLE;
    if (reusable && this.#target.keep(this)) {
      this.idleSince = performance.now();
      this.#target.context.idle.arm(this);
    } else if (this.#requestEnded) {
      this.#socket.destroy();
    } else {
      // Answered before it had read everything: what is still on its way must not arrive as a complete request.
      this.#socket.resetAndDestroy();
    }
    exchange.response.end(trailers);
  }

  #switch(exchange: Exchange, head: ResponseHead, bytes: Buffer, position: number, end: number): boolean {
    if (exchange.upgrade === "" || head.upgrade.toLowerCase() !== exchange.upgrade.toLowerCase()) {
      this.#fail("unexpected-upgrade");
      return true;
    }
    disarm(this);
    this.#state = TUNNEL;
    this.#frames = new FrameBoundary();
    exchange.switchProtocols(head);
    if (position === end) return true;
    this.#frames.push(bytes, position, end);
    return exchange.tunnel(bytes, position, end);
  }

  /** Gives the exchange up: a status if none was sent yet, otherwise a visible break. */
  #fail(failure: Failure): void {
    const exchange = this.#exchange;
    const early = this.#state === CONNECTING || this.#state === HEAD;
    const halfSent = this.#state !== CONNECTING && !this.#requestEnded;
    this.#exchange = null;
    this.#state = CLOSED;
    disarm(this);
    if (halfSent) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
    if (exchange === null || exchange.phase === Phase.Ended) return;
    if (exchange.phase !== Phase.Waiting) {
      this.#target.responseFailed(exchange, failure);
      exchange.abort();
      return;
    }
    const stale = early && this.#reused && failure === "closed" && this.#partial === null && this.#informational === 0;
    const unreachable = neverSent(failure) && !this.#reused;
    const retry = stale ? Retry.Stale : unreachable ? Retry.Elsewhere : Retry.Never;
    this.#target.attemptFailed(exchange, failure, retry, null);
  }
}
