/** One certificate and the TLS that shows it: takes TCP connections that ask for it, gives secure ones. */
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Limits } from "../limits.ts";
import { coverageOf } from "./certificate-directory.ts";
import { TLS_POLICY } from "./policy.ts";

/** What becomes of a handshake. */
export interface HandshakeResult {
  secured(socket: TLSSocket): void;
  /** The connection ends by itself, after an alert if there was reason for one. */
  failed(error: Error): void;
}

export type CertificateServerOptions = {
  /** PEM, the leaf first. */
  readonly chain: string;
  readonly privateKey: string;
  readonly names: readonly string[];
  /** One of them is agreed on with a client that names any (ALPN). */
  readonly protocols: readonly string[];
};

const TICKET_KEY_BYTES = 48;

/**
 * A server of its own for each certificate, and with it session tickets that no other one can read: who was shown this
 * certificate can never go on as somebody who was shown that one.
 */
export class CertificateServer {
  /** Whether the certificate is good for a folded host. */
  readonly covers: (host: string) => boolean;
  readonly #server: Server;
  readonly #waiting = new WeakMap<Socket, HandshakeResult>();

  /** @throws when chain or key cannot be used */
  constructor({ chain, privateKey, names, protocols }: CertificateServerOptions, limits: Limits) {
    this.covers = coverageOf(names);
    this.#server = createServer({
      ...TLS_POLICY,
      cert: chain,
      key: privateKey,
      ALPNProtocols: [...protocols],
      handshakeTimeout: limits.handshakeTimeoutMs,
      sessionTimeout: Math.ceil(limits.ticketKeyMs / 1000),
      ticketKeys: randomBytes(TICKET_KEY_BYTES),
    });
    this.#server.on("secureConnection", this.#onSecure);
    this.#server.on("tlsClientError", this.#onError);
  }

  /** Sessions can be resumed until the next call at most; then they begin with a full handshake again. */
  renewTicketKeys(): void {
    this.#server.setTicketKeys(randomBytes(TICKET_KEY_BYTES));
  }

  /** @param socket paused, with the client's hello unread (or put back) */
  secure(socket: Socket, result: HandshakeResult): void {
    this.#waiting.set(socket, result);
    // The secure socket inherits it: who leaves in the middle of a handshake has nothing to wait for.
    socket.allowHalfOpen = false;
    this.#server.emit("connection", socket);
  }

  readonly #onSecure = (secure: TLSSocket): void => {
    const result = this.#resultFor(secure);
    secure.allowHalfOpen = true;
    if (result) result.secured(secure);
    else secure.destroy();
  };

  readonly #onError = (error: Error, secure: TLSSocket): void => {
    this.#resultFor(secure)?.failed(error);
    // Not done by Node when the handshake has taken too long.
    secure.destroy();
  };

  /** Node tells which TCP socket is underneath by this name only; test/behaviour/tls-* fails if that changes. */
  #resultFor(secure: TLSSocket & { readonly _parent?: Socket }): HandshakeResult | undefined {
    return secure._parent && this.#waiting.get(secure._parent);
  }
}
