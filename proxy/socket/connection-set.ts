/** All client connections of one data plane: bounded in number, closable together. Each is one entry at any time. */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Arrival, arrivalOf, type Door } from "../client/arrival.ts";
import type { ClientContext, TimedConnection } from "../client/context.ts";
import { Http1Connection } from "../client/http1-connection.ts";
import type { Http2Connection } from "../client/http2-connection.ts";
import type { EventLog } from "../observe/event-log.ts";
import { plainAddress } from "../request/client-address.ts";
import { type ClientHello, readClientHello } from "../tls/client-hello.ts";
import type { Handshake } from "../tls/handshake.ts";
import type { TlsTermination } from "../tls/tls-termination.ts";
import { answerToPlainHttp, PlainHttpLog } from "./not-tls.ts";
import { OpeningConnection, type Reading } from "./opening-connection.ts";
import { readProxyHeader } from "./proxy-protocol.ts";

type AnnouncedClient = { readonly address: string; readonly port: number };
type Hello = ClientHello | "malformed" | "not-tls";

export class ConnectionSet {
  /** Null until there is a certificate to show or to be had: HTTPS clients are hung up on until then. */
  tls: TlsTermination | null = null;
  readonly #context: ClientContext;
  readonly #plainHttpLog: PlainHttpLog;
  readonly #connections = new Set<TimedConnection>();
  #Http2Connection: typeof Http2Connection | null = null;
  #onEmpty: (() => void) | null = null;

  constructor(context: ClientContext, log: EventLog) {
    this.#context = context;
    this.#plainHttpLog = new PlainHttpLog(log);
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Takes a freshly accepted connection that came by `door`. */
  accept(socket: Socket, door: Door): void {
    if (this.#connections.size >= this.#context.limits.maxClientConnections && !this.#makeRoom()) {
      socket.destroy();
      return;
    }
    this.#context.counters.accepted++;
    if (this.#context.proxyProtocol && this.#mayAnnounce(socket)) this.#readAnnouncement(socket, door);
    else this.#begin(socket, arrivalOf(socket, this.#context, door, null));
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

  #readAnnouncement(socket: Socket, door: Door): void {
    const { maxProxyHeaderBytes } = this.#context.limits;
    const read = (received: Buffer): Reading<AnnouncedClient | null> => {
      const header = readProxyHeader(received, maxProxyHeaderBytes);
      return typeof header === "string" ? header : { value: header.source, length: header.length };
    };
    const onRead = (opening: OpeningConnection<AnnouncedClient | null>, client: AnnouncedClient | null): void => {
      this.#connections.delete(opening);
      this.#begin(opening.handOver(), arrivalOf(socket, this.#context, door, client));
    };
    this.#add(new OpeningConnection(socket, this.#context, read, { onRead, onClose: this.#onClose }));
  }

  #begin(socket: Socket, arrival: Arrival): void {
    if (arrival.scheme === "https") {
      this.#readHello(socket, arrival);
      return;
    }
    this.#add(new Http1Connection(socket, this.#context, arrival, this.#onClose));
    if (socket.isPaused()) socket.resume();
  }

  #readHello(socket: Socket, arrival: Arrival): void {
    const { tls } = this;
    if (tls === null) {
      socket.destroy();
      this.#noteSize();
      return;
    }
    const { maxClientHelloBytes } = this.#context.limits;
    const read = (received: Buffer): Reading<Hello> => {
      const hello = readClientHello(received, maxClientHelloBytes);
      return hello === "incomplete" ? hello : { value: hello, length: 0 };
    };
    const onRead = (opening: OpeningConnection<Hello>, hello: Hello): void => {
      if (hello === "not-tls") {
        this.#plainHttpLog.record(arrival.clientAddress);
        this.#context.countRejected(400);
        opening.refuse(answerToPlainHttp(this.#context));
        return;
      }
      this.#connections.delete(opening);
      const events = { onSecure: this.#onSecure, onClose: this.#onClose };
      const handshake = tls.handshake(opening.handOver(), arrival, events);
      this.#add(handshake);
      tls.answer(handshake, hello);
    };
    this.#add(new OpeningConnection(socket, this.#context, read, { onRead, onClose: this.#onClose }));
  }

  readonly #onSecure = (handshake: Handshake, socket: TLSSocket): void => {
    if (socket.alpnProtocol !== "h2") this.#replace(handshake, socket, Http1Connection);
    else if (this.#Http2Connection !== null) this.#replace(handshake, socket, this.#Http2Connection);
    else void this.#loadHttp2(handshake, socket);
  };

  /** Loaded for the first client that speaks it: what it stands on takes memory. */
  async #loadHttp2(handshake: Handshake, socket: TLSSocket): Promise<void> {
    try {
      const { Http2Connection } = await import("../client/http2-connection.ts");
      this.#Http2Connection = Http2Connection;
      if (!socket.destroyed) this.#replace(handshake, socket, Http2Connection);
    } catch {
      socket.destroy();
    }
  }

  #replace(handshake: Handshake, socket: TLSSocket, Connection: typeof Http1Connection | typeof Http2Connection): void {
    this.#connections.delete(handshake);
    handshake.handOver();
    this.#add(new Connection(socket, this.#context, handshake.arrival, this.#onClose));
  }

  #add(connection: TimedConnection): void {
    this.#connections.add(connection);
    this.#noteSize();
  }

  readonly #onClose = (connection: TimedConnection): void => {
    this.#connections.delete(connection);
    this.#noteSize();
  };

  #noteSize(): void {
    this.#context.counters.connections = this.#connections.size;
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  /** The connection that has been idle longest goes; a new client is worth more than it. */
  #makeRoom(): boolean {
    const oldest = this.#context.keepAlive.first;
    if (!oldest) return false;
    this.#connections.delete(oldest);
    oldest.destroy();
    return true;
  }
}
