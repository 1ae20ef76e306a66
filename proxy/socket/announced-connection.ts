/** A connection whose first bytes announce the client (PROXY protocol): reads them, then hands socket and client on. */
import type { Socket } from "node:net";
import type { ClientContext, TimedConnection } from "../client/context.ts";
import { DeadlineEntry, disarm } from "../deadlines.ts";
import { type ProxyHeader, readProxyHeader } from "./proxy-protocol.ts";

export type AnnouncedClient = NonNullable<ProxyHeader["source"]>;

export class AnnouncedConnection extends DeadlineEntry implements TimedConnection {
  readonly #socket: Socket;
  readonly #context: ClientContext;
  readonly #onClient: (connection: AnnouncedConnection, socket: Socket, client: AnnouncedClient | null) => void;
  readonly #onClose: (connection: AnnouncedConnection) => void;
  #received: Buffer = Buffer.alloc(0);

  /**
   * @param onClient called once, with null when the socket's own address counts; must listen for data at once
   * @param onClose called instead when there is no such header, or none in time
   */
  constructor(
    socket: Socket,
    context: ClientContext,
    onClient: (connection: AnnouncedConnection, socket: Socket, client: AnnouncedClient | null) => void,
    onClose: (connection: AnnouncedConnection) => void,
  ) {
    super();
    this.#socket = socket;
    this.#context = context;
    this.#onClient = onClient;
    this.#onClose = onClose;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("error", ignoreError);
    socket.on("close", this.#onSocketClose);
    context.headWait.arm(this);
  }

  // Called by deadlines and by the listener: without a client there is nobody to be answered

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
    const header = readProxyHeader(this.#received, this.#context.limits.maxProxyHeaderBytes);
    if (header === "incomplete") return;
    if (header === "malformed") {
      this.#context.counters.rejected++;
      this.destroy();
      return;
    }
    disarm(this);
    const rest = this.#received.subarray(header.length);
    this.#socket.off("data", this.#onData);
    this.#socket.off("end", this.#onEnd);
    this.#socket.off("close", this.#onSocketClose);
    this.#onClient(this, this.#socket, header.source);
    if (rest.length > 0) this.#socket.unshift(rest);
  };

  readonly #onEnd = (): void => this.destroy();

  readonly #onSocketClose = (): void => {
    disarm(this);
    this.#onClose(this);
  };
}

/** Sockets report errors here and then close; the close does the work. */
function ignoreError(): void {}
