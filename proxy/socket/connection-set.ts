/** All client connections of one data plane: bounded in number, closable together. */
import type { Socket } from "node:net";
import type { ClientContext } from "../client/context.ts";
import { Http1Connection } from "../client/http1-connection.ts";
import { plainAddress } from "../request/client-address.ts";
import { type AnnouncedClient, AnnouncedConnection } from "./announced-connection.ts";

type ClientConnection = Http1Connection | AnnouncedConnection;

export class ConnectionSet {
  readonly #context: ClientContext;
  readonly #connections = new Set<ClientConnection>();
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
    this.#context.counters.accepted++;
    if (this.#context.proxyProtocol && this.#mayAnnounce(socket)) {
      this.#add(new AnnouncedConnection(socket, this.#context, this.#onClient, this.#onClose));
    } else {
      this.#add(new Http1Connection(socket, this.#context, null, this.#onClose));
    }
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

  /** Strangers speak HTTP from the start: what they announce would be believed otherwise. */
  #mayAnnounce(socket: Socket): boolean {
    const { trustedProxies } = this.#context;
    return trustedProxies === null || trustedProxies.includes(plainAddress(socket.remoteAddress ?? ""));
  }

  readonly #onClient = (announced: AnnouncedConnection, socket: Socket, client: AnnouncedClient | null): void => {
    this.#connections.delete(announced);
    this.#add(new Http1Connection(socket, this.#context, client, this.#onClose));
  };

  #add(connection: ClientConnection): void {
    this.#connections.add(connection);
    this.#context.counters.connections = this.#connections.size;
  }

  readonly #onClose = (connection: ClientConnection): void => {
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
