/** One HTTP/1 client connection: reads requests one after another, hands each to the journey, feeds its body on. */
import type { Socket } from "node:net";
import { DeadlineEntry, disarm } from "../deadlines.ts";
import { CR, LF } from "../http1/characters.ts";
import { ChunkedDecoder } from "../http1/chunked-decoder.ts";
import { INCOMPLETE } from "../http1/field-section.ts";
import type { RequestHead } from "../http1/request-head.ts";
import { Phase, type RequestSink } from "../request/exchange.ts";
import { writeAnswer } from "../response/answer.ts";
import type { ClientContext } from "./context.ts";
import { Http1Exchange } from "./http1-exchange.ts";

type Replay = { readonly bytes: Buffer; readonly start: number; readonly end: number };

/**
 * Bytes that are not used yet stand in `#input[#from..#to)`. At most one exchange is active; what a client sends ahead
 * waits. Every path out of here ends in a response, a lingering close, or a destroyed socket.
 */
export class Http1Connection extends DeadlineEntry {
  readonly socket: Socket;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly #context: ClientContext;
  readonly #onClose: (connection: Http1Connection) => void;
  #exchange: Http1Exchange | null = null;
  #input: Buffer | null = null;
  #from = 0;
  #to = 0;
  /** True when `#input` was made here and has room to grow in. */
  #growing = false;
  /** The parser of a head that came in pieces. */
  #head: RequestHead | null = null;
  #advancing = false;
  #closing = false;
  #lingered = 0;
  #inputEnded = false;
  #tunnelEnded = false;
  // The body of the current request
  #bodyLeft = 0;
  #decoder: ChunkedDecoder | null = null;
  #bodyStarted = false;
  #replay: Replay | null = null;
  #sent = false;

  constructor(socket: Socket, context: ClientContext, onClose: (connection: Http1Connection) => void) {
    super();
    this.socket = socket;
    this.#context = context;
    this.#onClose = onClose;
    this.clientAddress = plainAddress(socket.remoteAddress ?? "");
    this.clientPort = socket.remotePort ?? 0;
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("end", () => this.#onEnd());
    socket.on("drain", () => this.#onDrain());
    socket.on("error", ignoreError);
    socket.on("close", () => this.#onSocketClose());
    context.headWait.arm(this);
  }

  get idle(): boolean {
    return this.#exchange === null && this.#input === null && !this.#closing;
  }

  get bodyComplete(): boolean {
    return this.#bodyLeft === 0 && this.#decoder === null;
  }

  /** Nothing of the body has been sent, or all of it is still at hand. */
  get bodyReplayable(): boolean {
    return !this.#sent || this.#replay !== null;
  }

  // Called by the exchange

  /** Lets the body go to `sink`; on a second attempt, from its first byte. */
  startBody(sink: RequestSink): void {
    if (this.#sent && this.#replay !== null) {
      sink.sendBody(this.#replay.bytes, this.#replay.start, this.#replay.end);
      sink.endBody("");
    } else if (this.bodyComplete) {
      this.#sent = true;
      this.#replay = EMPTY_BODY;
      sink.endBody("");
    } else {
      this.#bodyStarted = true;
      this.resumeReading();
      this.#advance();
    }
    sink.flushBody();
  }

  resumeReading(): void {
    if (!this.socket.isPaused()) return;
    this.socket.resume();
    if (!this.bodyComplete) this.#context.bodyWait.arm(this);
  }

  /** The client does not read; it gets a limited time to start again. */
  awaitDrain(): void {
    this.#context.writeWait.arm(this);
  }

  /** The response is out: on to the next request, or to the end of the connection. */
  exchangeEnded(exchange: Http1Exchange): void {
    if (this.#exchange !== exchange) return;
    const goesOn = exchange.keepAlive && this.bodyComplete && !this.#inputEnded;
    this.#exchange = null;
    this.#bodyStarted = false;
    this.#replay = null;
    this.#sent = false;
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
    if (this.#input !== null && sink !== null) {
      sink.sendBody(this.#input, this.#from, this.#to);
      this.#dropInput();
      this.#flushTo(sink);
    }
    if (this.#inputEnded) sink?.endBody("");
  }

  tunnelActive(): void {
    this.#context.tunnel.arm(this);
  }

  /** The target's side of the tunnel has ended; ours ends when the client has said its last word too. */
  endTunnel(): void {
    this.#tunnelEnded = true;
    this.socket.end();
    this.#context.linger.arm(this);
    if (this.#inputEnded) this.#finishTunnel();
  }

  // Called by deadlines and by the listener

  headTimedOut(): void {
    // Nothing was asked: there is nobody to answer (and port scanners stay quiet).
    if (this.#input === null) this.close();
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
    this.socket.resetAndDestroy();
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
      if (!this.#tunnelEnded) this.tunnelActive();
      if (exchange.sink === null) return;
      exchange.sink.sendBody(chunk, 0, chunk.length);
      this.#flushTo(exchange.sink);
      return;
    }
    this.#append(chunk);
    // A head in pieces is looked at again only when a line has been completed: its cost stays linear.
    if (this.#head !== null && !chunk.includes(LF) && this.#to - this.#from <= this.#context.limits.maxRequestHeadBytes) {
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
      // A complete request and then a FIN: its response is still wanted (RFC 9112 §9.6), but not for ever.
      this.#context.halfClose.arm(this);
    }
  }

  #onDrain(): void {
    const exchange = this.#exchange;
    if (this.#closing || exchange === null) return;
    if (exchange.phase === Phase.Tunnelling) this.tunnelActive();
    else if (this.#inputEnded) this.#context.halfClose.arm(this);
    else if (this.bodyComplete) disarm(this);
    else this.#context.bodyWait.arm(this);
    exchange.sink?.resumeResponse();
  }

  #onSocketClose(): void {
    disarm(this);
    this.#dropInput();
    this.#head = null;
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#closing = true;
    exchange?.clientGone();
    this.#onClose(this);
  }

  #append(chunk: Buffer): void {
    if (this.#input === null) {
      this.#input = chunk;
      this.#from = 0;
      this.#to = chunk.length;
      this.#growing = false;
      return;
    }
    const needed = this.#to + chunk.length;
    if (!this.#growing || needed > this.#input.length) {
      // Offsets stay as they are: an unfinished head remembers its own.
      const larger = Buffer.allocUnsafeSlow(Math.max(512, needed * 2));
      this.#input.copy(larger, this.#from, this.#from, this.#to);
      this.#input = larger;
      this.#growing = true;
    }
    chunk.copy(this.#input, this.#to);
    this.#to = needed;
  }

  #dropInput(): void {
    this.#input = null;
    this.#growing = false;
  }

  /** Uses up input: heads, then bodies, until more bytes or a response are needed. Never runs inside itself. */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#input !== null && !this.#closing) {
      const exchange: Http1Exchange | null = this.#exchange;
      if (exchange === null) {
        if (!this.#readHead()) break;
      } else if (!this.bodyComplete) {
        if (!this.#feedBody(exchange)) break;
      } else {
        if (this.#to - this.#from > this.#context.limits.maxPipelinedBytes) this.socket.pause();
        break;
      }
    }
    this.#advancing = false;
  }

  /** Reads one head and sets its exchange off; false when more bytes are needed. */
  #readHead(): boolean {
    const input = this.#input as Buffer;
    let head = this.#head;
    if (head === null) {
      // Empty lines before a request line are ignored (RFC 9112 §2.2).
      while (this.#from + 1 < this.#to && input[this.#from] === CR && input[this.#from + 1] === LF) this.#from += 2;
      if (this.#from === this.#to) {
        this.#dropInput();
        return false;
      }
      if (this.#to - this.#from === 1 && input[this.#from] === CR) return false;
      head = this.#context.head;
      head.reset(this.#from);
    }
    const result = head.parse(input, this.#to);
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
    this.#from = result;
    if (this.#from === this.#to) this.#dropInput();
    this.#begin(head);
    return true;
  }

  #begin(head: RequestHead): void {
    const { limits, bodyWait, journey, counters } = this.#context;
    counters.requests++;
    this.#bodyLeft = head.chunked ? 0 : head.contentLength;
    this.#decoder = head.chunked ? new ChunkedDecoder(limits.maxTrailerBytes) : null;
    this.#replay = null;
    this.#sent = false;
    const exchange = new Http1Exchange(this, this.#context, head);
    this.#exchange = exchange;
    if (this.bodyComplete) disarm(this);
    else bodyWait.arm(this);
    if (head.asterisk) exchange.answer(200);
    else journey(exchange);
    if (this.#exchange === exchange && !this.bodyComplete && !this.#bodyStarted && this.#input !== null) {
      // Nobody takes the body yet (a connection is being made, or the service is paused): no more than this is held.
      this.socket.pause();
      disarm(this);
    }
  }

  /** Sends on what is there of the body; false when more bytes, or a sink, are needed. */
  #feedBody(exchange: Http1Exchange): boolean {
    const { sink } = exchange;
    if (!this.#bodyStarted || sink === null) return false;
    const input = this.#input as Buffer;
    if (this.#decoder !== null) {
      this.#feedChunked(exchange, sink, this.#decoder, input);
    } else {
      const end = this.#from + Math.min(this.#bodyLeft, this.#to - this.#from);
      if (!this.#sent && end - this.#from === this.#bodyLeft) this.#replay = { bytes: input, start: this.#from, end };
      else this.#replay = null;
      this.#sent = true;
      this.#bodyLeft -= end - this.#from;
      sink.sendBody(input, this.#from, end);
      this.#from = end;
      // What has been given away must not be grown into.
      this.#growing = false;
      if (this.#bodyLeft === 0) sink.endBody("");
    }
    if (this.#from === this.#to) this.#dropInput();
    if (this.#exchange !== exchange) return false;
    if (this.bodyComplete) disarm(this);
    else this.#context.bodyWait.arm(this);
    this.#flushTo(sink);
    return true;
  }

  #feedChunked(exchange: Http1Exchange, sink: RequestSink, decoder: ChunkedDecoder, input: Buffer): void {
    this.#sent = true;
    this.#replay = null;
    const { decoded } = this.#context;
    const end = Math.min(this.#to, this.#from + decoded.length);
    const written = decoder.decode(input, this.#from, end, decoded, 0);
    this.#from += decoder.consumed;
    if (decoder.failed) {
      this.#from = this.#to;
      const waiting = exchange.phase === Phase.Waiting;
      sink.abortRequest();
      if (waiting) exchange.answer(400);
      else this.destroy();
      return;
    }
    if (written > 0) sink.sendBody(decoded, 0, written);
    if (decoder.done) {
      this.#decoder = null;
      sink.endBody(decoder.trailers);
    }
  }

  #flushTo(sink: RequestSink): void {
    if (sink.flushBody() || this.#closing) return;
    this.socket.pause();
    if (this.#exchange?.phase !== Phase.Tunnelling) disarm(this);
  }

  /** Answers what is not a request, and ends the connection so that the answer can be read. */
  #refuse(status: number): void {
    this.#context.counters.rejected++;
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
    this.#dropInput();
    this.#head = null;
    this.#decoder = null;
    this.#context.linger.arm(this);
    if (this.socket.isPaused()) this.socket.resume();
    this.socket.end();
  }

  #finishTunnel(): void {
    const exchange = this.#exchange;
    const sink = exchange?.sink;
    this.#exchange = null;
    this.#closing = true;
    exchange?.finish();
    sink?.endBody("");
    this.socket.end();
    this.#context.linger.arm(this);
  }
}

const EMPTY_BODY: Replay = { bytes: Buffer.alloc(0), start: 0, end: 0 };

/** Sockets report errors here and then close; the close does the work. */
function ignoreError(): void {}

/** IPv4-mapped IPv6 addresses are shown as IPv4. */
function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
