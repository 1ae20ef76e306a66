/** A client connection from its hello until it is secure: an entry of the connection set for as long as that takes. */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Arrival } from "../client/arrival.ts";
import type { ClientContext, TimedConnection } from "../client/context.ts";
import { sayLastWords } from "../client/last-words.ts";
import { DeadlineEntry, disarm } from "../deadlines.ts";
import type { CertificateServer, HandshakeResult } from "./certificate-server.ts";

export interface HandshakeEvents {
  /** The socket is secure, and paused until somebody listens; `handOver` makes it the caller's. */
  onSecure(handshake: Handshake, socket: TLSSocket): void;
  /** The connection is gone without having been handed over. */
  onClose(handshake: Handshake): void;
}

const NOTHING: Buffer = Buffer.alloc(0);

export class Handshake extends DeadlineEntry implements TimedConnection, HandshakeResult {
  /** Name and coverage are filled in once a certificate has been chosen. */
  arrival: Arrival;
  /** Still worth an answer: the client has not left while its certificate was waited for. */
  get open(): boolean {
    return !this.#socket.destroyed;
  }

  readonly #socket: Socket;
  readonly #context: ClientContext;
  readonly #events: HandshakeEvents;
  readonly #onFailure: (handshake: Handshake, reason: string) => void;
  /** Nothing but the handshake is wanted of this connection. */
  #challenge = false;

  /** @param socket paused, with the client's hello put back */
  constructor(
    socket: Socket,
    context: ClientContext,
    arrival: Arrival,
    events: HandshakeEvents,
    onFailure: (handshake: Handshake, reason: string) => void,
  ) {
    super();
    this.#socket = socket;
    this.#context = context;
    this.arrival = arrival;
    this.#events = events;
    this.#onFailure = onFailure;
    socket.on("close", this.#onSocketClose);
  }

  /** Goes on with the certificate of `server`; `serverName` is folded, or empty. */
  show(server: CertificateServer, serverName: string): void {
    this.arrival = { ...this.arrival, serverName, covers: server.covers };
    server.secure(this.#socket, this);
  }

  /** Shows a certificate authority what it came for (RFC 8737 §3), and nothing else. */
  prove(server: CertificateServer): void {
    this.#challenge = true;
    server.secure(this.#socket, this);
  }

  /** Ends the connection with an alert, before there is any TLS. */
  refuse(alert: Buffer, reason: string): void {
    this.#onFailure(this, reason);
    sayLastWords(this, this.#socket, this.#context, alert);
  }

  /** From now on the secure socket, and its end, are somebody else's business. */
  handOver(): void {
    disarm(this);
    this.#socket.off("close", this.#onSocketClose);
  }

  secured(socket: TLSSocket): void {
    socket.on("error", ignoreError);
    if (this.#challenge) sayLastWords(this, socket, this.#context, NOTHING);
    else this.#events.onSecure(this, socket);
  }

  failed(error: Error): void {
    this.#onFailure(this, error.message);
  }

  // Called by deadlines and by the connection set: nothing was asked yet, so there is nothing to answer

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

  readonly #onSocketClose = (): void => {
    disarm(this);
    this.#events.onClose(this);
  };
}

/** Sockets report errors here and then close; the close does the work. */
function ignoreError(): void {}
