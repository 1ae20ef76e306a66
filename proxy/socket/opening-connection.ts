/** A connection whose first bytes decide where it goes: reads until a reader knows, then hands the socket on. */
import type { Socket } from "node:net";
import type { ClientContext, TimedConnection } from "../client/context.ts";
import { sayLastWords } from "../client/last-words.ts";
import { DeadlineEntry, disarm } from "../deadlines.ts";

/** What a reader makes of the bytes so far; of those of a value, `length` are its own and the rest is put back. */
export type Reading<T> = "incomplete" | "malformed" | { readonly value: T; readonly length: number };

export interface OpeningEvents<T> {
  /** Called once, with the socket paused; then `handOver` or `refuse` says what becomes of it. */
  onRead(opening: OpeningConnection<T>, value: T): void;
  /** The connection is gone without having been handed over. */
  onClose(opening: OpeningConnection<T>): void;
}

const NOTHING: Buffer = Buffer.alloc(0);

export class OpeningConnection<T> extends DeadlineEntry implements TimedConnection {
  readonly #socket: Socket;
  readonly #context: ClientContext;
  readonly #read: (received: Buffer) => Reading<T>;
  readonly #events: OpeningEvents<T>;
  #received: Buffer = NOTHING;

  /** @param read can be called again with more; it bounds what it takes by `malformed` */
  constructor(
    socket: Socket,
    context: ClientContext,
    read: (received: Buffer) => Reading<T>,
    events: OpeningEvents<T>,
  ) {
    super();
    this.#socket = socket;
    this.#context = context;
    this.#read = read;
    this.#events = events;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("error", ignoreError);
    socket.on("close", this.#onSocketClose);
    if (socket.isPaused()) socket.resume();
    context.headWait.arm(this);
  }

  /** The socket is the caller's from now on. It is paused, and must be resumed by whoever listens. */
  handOver(): Socket {
    this.#socket.off("close", this.#onSocketClose);
    return this.#socket;
  }

  /** Ends the connection with `answer`, in peace. */
  refuse(answer: Buffer): void {
    sayLastWords(this, this.#socket, this.#context, answer);
  }

  // Called by deadlines and by the connection set: as long as nobody knows who calls, nobody is answered

  headTimedOut(): void {
    this.destroy();
  }

  bodyTimedOut(): void {
    this.destroy();
  }

  close(): void {
    this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const reading = this.#read(this.#received);
    if (reading === "incomplete") return;
    if (reading === "malformed") {
      this.#context.counters.rejected++;
      this.destroy();
      return;
    }
    disarm(this);
    const rest = this.#received.subarray(reading.length);
    this.#received = NOTHING;
    this.#socket.off("data", this.#onData);
    this.#socket.off("end", this.#onEnd);
    // Without a listener a flowing socket would lose what is put back.
    this.#socket.pause();
    if (rest.length > 0) this.#socket.unshift(rest);
    this.#events.onRead(this, reading.value);
  };

  readonly #onEnd = (): void => this.destroy();

  readonly #onSocketClose = (): void => {
    disarm(this);
    this.#events.onClose(this);
  };
}

/** Sockets report errors here and then close; the close does the work. */
function ignoreError(): void {}
