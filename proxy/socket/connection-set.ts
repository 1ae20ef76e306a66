/** All client connections of one data plane: bounded in number, closable together. */
import type { Socket } from "node:net";
import type { ClientContext } from "../client/context.ts";
import { Http1Connection } from "../client/http1-connection.ts";

export class ConnectionSet {
  readonly #context: ClientContext;
  readonly #connections = new Set<Http1Connection>();
  #onEmpty: (() => void) | null = null;

  constructor(context: ClientContext) {
    this.#context = context;
  }

  get size(): number {
    return this.#connections.size;
  }

  accept(socket: Socket): void {
    if (this.#connections.size >= this.#context.limits.maxClientConnections && !this.#makeRoom()) {
      socket.destroy();
      return;
    }
    this.#connections.add(new Http1Connection(socket, this.#context, this.#onClose));
    this.#context.counters.connections = this.#connections.size;
  }

  /** Ends idle connections now, busy ones after their response. */
  closeIdle(): void {
    for (const connection of this.#connections) connection.close();
  }

  destroyAll(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  /** Resolves when the last connection has closed. */
  empty(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  readonly #onClose = (connection: Http1Connection): void => {
    this.#connections.delete(connection);
    this.#context.counters.connections = this.#connections.size;
    if (this.#connections.size === 0) this.#onEmpty?.();
  };

  /** The connection that has been idle longest goes; a new client is worth more than it. */
  #makeRoom(): boolean {
    const oldest = this.#context.keepAlive.first;
    if (!oldest) return false;
    this.#connections.delete(oldest as Http1Connection);
    oldest.destroy();
    return true;
  }
}
