/** One HTTP/1 client connection: reads requests one after another, hands each to the journey, feeds its body on. */
import type { Socket } from "node:net";
import { DeadlineEntry, disarm } from "../deadlines.ts";
import { CR, LF } from "../http1/characters.ts";
import { INCOMPLETE } from "../http1/field-section.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { type Exchange, Phase, type RequestSink } from "../request/exchange.ts";
import { writeAnswer } from "../response/answer.ts";
import type { Arrival } from "./arrival.ts";
import type { ClientContext, TimedConnection } from "./context.ts";
import { type ExchangeOwner, Http1Exchange } from "./http1-exchange.ts";
import { InputBuffer } from "./input-buffer.ts";
import { MALFORMED_BODY, RequestBody } from "./request-body.ts";
import { resetSocket } from "./reset-socket.ts";

/**
 * Bytes that are not used yet stand in `#input`. At most one exchange is active; what a client sends ahead
 * waits. Every path out of here ends in a response, a lingering close, or a destroyed socket.
 */
export class Http1Connection extends DeadlineEntry implements ExchangeOwner, TimedConnection {
  readonly socket: Socket;
  readonly arrival: Arrival;
  readonly #context: ClientContext;
  readonly #onClose: (connection: Http1Connection) => void;
  #exchange: Http1Exchange | null = null;
  readonly #input = new InputBuffer();
  /** The parser of a head that came in pieces. */
  #head: RequestHead | null = null;
  #advancing = false;
  #closing = false;
  #lingered = 0;
  #inputEnded = false;
  #tunnelEnded = false;
  readonly #body = new RequestBody();

  constructor(
    socket: Socket,
    context: ClientContext,
    arrival: Arrival,
    onClose: (connection: Http1Connection) => void,
  ) {
    super();
    this.socket = socket;
    this.#context = context;
    this.#onClose = onClose;
    this.arrival = arrival;
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("end", () => this.#onEnd());
    socket.on("drain", () => this.#onDrain());
    socket.on("error", ignoreError);
    socket.on("close", () => this.#onSocketClose());
    context.headWait.arm(this);
  }

  get bodyComplete(): boolean {
    return this.#body.complete;
  }

  get bodyReplayable(): boolean {
    return this.#body.replayable;
  }

  // Called by the exchange

  /** Lets the body go to `sink`; on a second attempt, from its first byte. */
  startBody(sink: RequestSink): void {
    if (this.bodyComplete) {
      this.#body.sendWhole(sink);
    } else {
      this.#body.taker = sink;
      this.resumeReading();
      this.#rearm();
      // Within #advance already: the loop feeds and flushes, so that head and first body bytes are one write.
      if (this.#advancing && this.#input.bytes !== null) return;
      this.#advance();
    }
    sink.flushBody();
  }

  resumeReading(): void {
    if (!this.socket.isPaused()) return;
    this.socket.resume();
    this.#rearm();
  }

  /** Something was written to the client, or could not be. */
  written(): void {
    if (this.#inputEnded || this.socket.writableNeedDrain) this.#rearm();
  }

  /** The response is out: on to the next request, or to the end of the connection. */
  exchangeEnded(exchange: Exchange): void {
    if (this.#exchange !== exchange) return;
    // What was asked before a FIN is answered; behind it nothing can come any more.
    const more = !this.#inputEnded || this.#input.bytes !== null;
    const goesOn = this.#exchange.keepAlive && this.bodyComplete && more;
    this.#exchange = null;
    this.#body.release();
    if (!goesOn) {
      this.#linger();
      return;
    }
    if (this.socket.isPaused()) this.socket.resume();
    this.#context.keepAlive.arm(this);
    this.#advance();
  }

  startTunnel(): void {
    this.tunnelActive();
    if (this.socket.isPaused()) this.socket.resume();
    const { sink } = this.#exchange as Http1Exchange;
    if (this.#input.bytes !== null && sink !== null) {
      sink.sendBody(this.#input.bytes, this.#input.from, this.#input.to);
      this.#input.drop();
      this.#flushTo(sink);
    }
    if (this.#inputEnded) sink?.endBody("");
  }

  tunnelActive(): void {
    this.#context.tunnel.arm(this);
  }

  /** The target has said its last word; the client may go on talking to it. */
  endTunnel(): void {
    this.#tunnelEnded = true;
    this.socket.end();
    if (this.#inputEnded) this.#finishTunnel();
  }

  /** Both sides are to end; the client gets a moment to say goodbye. */
  closeTunnel(): void {
    this.#tunnelEnded = true;
    if (this.#inputEnded) this.#finishTunnel();
    else this.#sayLast();
  }

  // Called by deadlines and by the listener

  headTimedOut(): void {
    // Nothing was asked: there is nobody to answer (and port scanners stay quiet).
    if (this.#input.bytes === null) this.close();
    else this.#refuse(408);
  }

  bodyTimedOut(): void {
    const exchange = this.#exchange;
    if (exchange?.phase !== Phase.Waiting) {
      this.destroy();
      return;
    }
    const { sink } = exchange;
    exchange.answer(408);
    sink?.abortRequest();
  }

  /** Ends an idle connection; an active one ends after its response. */
  close(): void {
    if (this.#exchange !== null) {
      this.#exchange.keepAlive = false;
      return;
    }
    this.#linger();
  }

  destroy(): void {
    this.socket.destroy();
  }

  reset(): void {
    resetSocket(this.socket);
  }

  // Bytes arrive

  #onData(chunk: Buffer): void {
    if (this.#closing) {
      this.#lingered += chunk.length;
      if (this.#lingered > this.#context.limits.lingerBytes) this.destroy();
      return;
    }
    const exchange = this.#exchange;
    if (exchange?.phase === Phase.Tunnelling) {
      if (exchange.sink === null) return;
      this.tunnelActive();
      exchange.sink.sendBody(chunk, 0, chunk.length);
      this.#flushTo(exchange.sink);
      return;
    }
    this.#input.append(chunk, this.#head !== null);
    // A head in pieces is looked at again only when a line has been completed: its cost stays linear.
    if (this.#head !== null && !chunk.includes(LF) && this.#input.length <= this.#context.limits.maxRequestHeadBytes) {
      return;
    }
    this.#advance();
  }

  #onEnd(): void {
    this.#inputEnded = true;
    const exchange = this.#exchange;
    if (this.#closing || exchange === null) {
      this.socket.end();
    } else if (exchange.phase === Phase.Tunnelling) {
      if (this.#tunnelEnded) this.#finishTunnel();
      else exchange.sink?.endBody("");
    } else if (!this.bodyComplete || exchange.onClientGone !== null) {
      // Cut off in the middle of its body, or while it waited for a paused service: nobody is there to be answered.
      this.destroy();
    } else {
      // A complete request and then a FIN: its response is still wanted (RFC 9112 §9.6), as long as it moves.
      this.#rearm();
    }
  }

  #onDrain(): void {
    const exchange = this.#exchange;
    if (this.#closing) return;
    if (exchange === null) {
      this.#context.keepAlive.arm(this);
      if (this.socket.isPaused()) this.socket.resume();
      this.#advance();
      return;
    }
    this.#rearm();
    exchange.sink?.resumeResponse();
  }

  #onSocketClose(): void {
    disarm(this);
    this.#input.drop();
    this.#head = null;
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#closing = true;
    exchange?.clientGone();
    this.#onClose(this);
  }

  /** Uses up input: heads, then bodies, until more bytes or a response are needed. Never runs inside itself. */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#input.bytes !== null && !this.#closing) {
      const exchange: Http1Exchange | null = this.#exchange;
      if (exchange === null) {
        // Who does not read answers gets no more of them: they would pile up here.
        if (this.socket.writableNeedDrain) {
          this.socket.pause();
          this.#context.writeWait.arm(this);
          break;
        }
        if (!this.#readHead()) break;
      } else if (!this.bodyComplete) {
        if (!this.#feedBody(exchange)) break;
      } else {
        if (this.#input.length > this.#context.limits.maxPipelinedBytes) this.socket.pause();
        break;
      }
    }
    this.#advancing = false;
    // Behind a FIN nothing more can come: what is left is no request.
    if (this.#inputEnded && this.#exchange === null && !this.socket.writableNeedDrain) this.#linger();
  }

  /** Reads one head and sets its exchange off; false when more bytes are needed. */
  #readHead(): boolean {
    const input = this.#input;
    const bytes = input.bytes as Buffer;
    let head = this.#head;
    if (head === null) {
      // Empty lines before a request line are ignored (RFC 9112 §2.2).
      while (input.length > 1 && bytes[input.from] === CR && bytes[input.from + 1] === LF) input.from += 2;
      if (input.length === 0) {
        input.drop();
        return false;
      }
      if (input.length === 1 && bytes[input.from] === CR) return false;
      head = this.#context.head;
      head.reset(input.from);
    }
    const result = head.parse(bytes, input.to);
    if (result === INCOMPLETE) {
      if (this.#head === null) {
        this.#head = this.#context.takeHead();
        this.#context.headWait.arm(this);
      }
      return false;
    }
    if (this.#head !== null) {
      // Retries look for a parsed head in the shared place; this one is as good.
      this.#context.head = this.#head;
      this.#head = null;
    }
    if (result < 0) {
      this.#refuse(-result);
      return false;
    }
    this.#input.advanceTo(result);
    this.#begin(head);
    return true;
  }

  #begin(head: RequestHead): void {
    const { limits, journey, counters } = this.#context;
    counters.requests++;
    this.#body.begin(head, limits.maxTrailerBytes);
    const exchange = new Http1Exchange(this, this.#context, head);
    this.#exchange = exchange;
    // The client's clock runs once somebody takes its body.
    disarm(this);
    if (head.asterisk) exchange.answer(200);
    else journey(exchange);
  }

  /** Sends on what is there of the body; false when more bytes, or a sink, are needed. */
  #feedBody(exchange: Http1Exchange): boolean {
    const { sink } = exchange;
    if (sink === null || sink !== this.#body.taker) {
      // Nobody takes it yet: a connection is being made, or the service is paused. No more than this is held.
      if (this.#input.length > this.#context.limits.maxPipelinedBytes) this.socket.pause();
      return false;
    }
    const { bytes, from, to } = this.#input;
    const position = this.#body.feed(sink, bytes as Buffer, from, to, this.#context.decoded);
    if (position === MALFORMED_BODY) {
      this.#input.drop();
      const answerable = exchange.phase === Phase.Waiting;
      sink.abortRequest();
      if (answerable) exchange.answer(400);
      else this.destroy();
      return false;
    }
    this.#input.advanceTo(position);
    this.#flushTo(sink);
    this.#rearm();
    return true;
  }

  #flushTo(sink: RequestSink): void {
    if (!sink.flushBody() && !this.#closing) this.socket.pause();
  }

  /** The one deadline that fits what is going on: a client is waited for only where it is its turn. */
  #rearm(): void {
    const { writeWait, tunnel, halfClose, bodyWait } = this.#context;
    const exchange = this.#exchange;
    if (this.#closing || exchange === null) return;
    if (this.socket.writableNeedDrain) writeWait.arm(this);
    else if (exchange.phase === Phase.Tunnelling) tunnel.arm(this);
    else if (this.#inputEnded) halfClose.arm(this);
    else if (this.bodyComplete || this.socket.isPaused()) disarm(this);
    else bodyWait.arm(this);
  }

  /** Answers what is not a request, and ends the connection so that the answer can be read. */
  #refuse(status: number): void {
    this.#context.countRejected(status);
    const { output } = this.#context;
    writeAnswer(output, status, { head: false, connection: "Connection: close\r\n" });
    output.flush(this.socket);
    this.#linger();
  }

  /**
   * Sends FIN and reads on for a while, throwing away what comes: a socket closed with unread bytes sends a reset, and
   * that can take the answer away from a client that has not read it yet (RFC 9112 §9.6).
   */
  #linger(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#input.drop();
    this.#head = null;
    if (this.socket.isPaused()) this.socket.resume();
    this.#sayLast();
  }

  /** Sends FIN behind what is still to be sent; only when all of it is out does the short wait for the client begin. */
  #sayLast(): void {
    this.#context.writeWait.arm(this);
    this.socket.end(() => this.#context.linger.arm(this));
  }

  #finishTunnel(): void {
    const exchange = this.#exchange;
    const sink = exchange?.sink;
    this.#exchange = null;
    this.#closing = true;
    exchange?.finish();
    sink?.endBody("");
    this.#sayLast();
  }
}

/** Sockets report errors here and then close; the close does the work. */
function ignoreError(): void {}
