/**
 * TLS for the clients of one data plane: a connection with its hello in, a handshake with the right certificate out.
 * Loaded only when there is a certificate to show or to be had, for node:tls takes memory.
 */
import type { Socket } from "node:net";
import type { Challenge } from "../challenge/challenge-table.ts";
import type { Arrival } from "../client/arrival.ts";
import type { ClientContext } from "../client/context.ts";
import type { EventLog } from "../observe/event-log.ts";
import { DECODE_ERROR, INTERNAL_ERROR, MISSING_EXTENSION, UNRECOGNIZED_NAME } from "./alert.ts";
import { CertificateDirectory } from "./certificate-directory.ts";
import { CertificateServer, type CertificateServerOptions } from "./certificate-server.ts";
import { type CertificateTable, NO_CERTIFICATES, type ServedCertificate } from "./certificate-table.ts";
import type { ClientHello } from "./client-hello.ts";
import { Handshake, type HandshakeEvents } from "./handshake.ts";
import { MissingCertificates } from "./missing-certificates.ts";
import { CHALLENGE_PROTOCOL, HTTP_PROTOCOLS } from "./policy.ts";
import { foldServerName } from "./server-name.ts";

export type TlsChallenge = Extract<Challenge, { type: "tls-alpn-01" }>;

export class TlsTermination {
  readonly #context: ClientContext;
  readonly #log: EventLog;
  #directory = new CertificateDirectory(NO_CERTIFICATES);
  /** By certificate id, made at the first handshake; null for a certificate that cannot be used. */
  readonly #servers = new Map<string, CertificateServer | null>();
  #challenges: ReadonlyMap<string, TlsChallenge> = new Map();
  readonly #challengeServers = new Map<TlsChallenge, CertificateServer | null>();
  readonly #missing: MissingCertificates;
  readonly #ticketTimer: NodeJS.Timeout;

  constructor(context: ClientContext, log: EventLog) {
    this.#context = context;
    this.#log = log;
    this.#missing = new MissingCertificates(context.limits);
    this.#ticketTimer = setInterval(() => this.#renewTicketKeys(), context.limits.ticketKeyMs);
    this.#ticketTimer.unref();
  }

  /** Handshakes that begin from now on are answered by `table`; those under way, and open connections, go on. */
  useCertificates(table: CertificateTable): void {
    this.#directory = new CertificateDirectory(table);
    for (const id of this.#servers.keys()) if (!this.#directory.has(id)) this.#servers.delete(id);
  }

  useChallenges(challenges: readonly TlsChallenge[]): void {
    this.#challenges = new Map(challenges.map((challenge) => [challenge.name, challenge]));
    this.#challengeServers.clear();
  }

  whenMissing(ask: (name: string) => Promise<void>): void {
    this.#missing.ask = ask;
  }

  /** The entry for a connection whose hello has been read and put back; `answer` sets it off. */
  handshake(socket: Socket, arrival: Arrival, events: HandshakeEvents): Handshake {
    return new Handshake(socket, this.#context, arrival, events, this.#onFailure);
  }

  answer(handshake: Handshake, hello: ClientHello | "malformed"): void {
    if (hello === "malformed") return handshake.refuse(DECODE_ERROR, "no valid ClientHello");
    if (hello.serverName === "") return this.#answerNameless(handshake);
    const name = foldServerName(hello.serverName);
    if (name === null) return handshake.refuse(UNRECOGNIZED_NAME, "invalid server name");
    const challenge = hello.protocols.length === 1 && hello.protocols[0] === CHALLENGE_PROTOCOL;
    const pending = challenge ? this.#challenges.get(name) : undefined;
    if (pending) this.#prove(handshake, pending);
    else this.#answerFor(handshake, name, true);
  }

  /** Ends what waits for time to pass; connections are their set's business. */
  stop(): void {
    clearInterval(this.#ticketTimer);
  }

  #answerNameless(handshake: Handshake): void {
    const certificate = this.#directory.default;
    if (certificate) this.#show(handshake, certificate, "");
    else handshake.refuse(MISSING_EXTENSION, "no server name");
  }

  #answerFor(handshake: Handshake, name: string, mayWait: boolean): void {
    const found = this.#directory.find(name);
    if (typeof found !== "string") return this.#show(handshake, found, name);
    // Whoever has left meanwhile needs no answer.
    const again = (): void => {
      if (handshake.open) this.#answerFor(handshake, name, false);
    };
    if (mayWait && found === "askable" && this.#missing.wait(name, again)) return;
    handshake.refuse(UNRECOGNIZED_NAME, "unknown server name");
  }

  #show(handshake: Handshake, certificate: ServedCertificate, name: string): void {
    let server = this.#servers.get(certificate.id);
    if (server === undefined) {
      server = this.#makeServer({ ...certificate, protocols: HTTP_PROTOCOLS }, certificate.names);
      this.#servers.set(certificate.id, server);
    }
    if (server) handshake.show(server, name);
    else handshake.refuse(INTERNAL_ERROR, "unusable certificate");
  }

  #prove(handshake: Handshake, challenge: TlsChallenge): void {
    let server = this.#challengeServers.get(challenge);
    if (server === undefined) {
      server = this.#makeServer({ ...challenge, names: [], protocols: [CHALLENGE_PROTOCOL] }, [challenge.name]);
      this.#challengeServers.set(challenge, server);
    }
    if (server) handshake.prove(server);
    else handshake.refuse(INTERNAL_ERROR, "unusable challenge certificate");
  }

  /** Certificates are checked before they come here; one bad one must not take the others along. */
  #makeServer(options: CertificateServerOptions, names: readonly string[]): CertificateServer | null {
    try {
      return new CertificateServer(options, this.#context.limits);
    } catch (error) {
      this.#log.error("Unable to use certificate", { names: names.join(", "), error });
      return null;
    }
  }

  #renewTicketKeys(): void {
    for (const server of this.#servers.values()) server?.renewTicketKeys();
  }

  readonly #onFailure = ({ arrival }: Handshake, reason: string): void => {
    this.#log.debug("TLS handshake failed", { client_addr: arrival.clientAddress, error: reason });
  };
}
