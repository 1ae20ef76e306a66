/** TLS for those who use it: passes tables on to the termination, which is loaded with the first that asks for anything. */
import type { ChallengeTable } from "../challenge/challenge-table.ts";
import type { ClientContext } from "../client/context.ts";
import type { EventLog } from "../observe/event-log.ts";
import type { ConnectionSet } from "../socket/connection-set.ts";
import type { CertificateTable } from "../tls/certificate-table.ts";
import type { TlsChallenge, TlsTermination } from "../tls/tls-termination.ts";

export class LazyTls {
  readonly #connections: ConnectionSet;
  readonly #context: ClientContext;
  readonly #log: EventLog;
  #loading: Promise<TlsTermination> | null = null;
  #ask: ((name: string) => Promise<void>) | null = null;
  #stopped = false;

  constructor(connections: ConnectionSet, context: ClientContext, log: EventLog) {
    this.#connections = connections;
    this.#context = context;
    this.#log = log;
  }

  async useCertificates(table: CertificateTable): Promise<void> {
    if (this.#loading === null && table.certificates.length === 0 && table.askable.length === 0) return;
    (await this.#load()).useCertificates(table);
  }

  async useChallenges({ challenges }: ChallengeTable): Promise<void> {
    const wanted = challenges.filter((challenge): challenge is TlsChallenge => challenge.type === "tls-alpn-01");
    if (this.#loading === null && wanted.length === 0) return;
    (await this.#load()).useChallenges(wanted);
  }

  whenMissing(ask: (name: string) => Promise<void>): void {
    this.#ask = ask;
    this.#connections.tls?.whenMissing(ask);
  }

  stop(): void {
    this.#stopped = true;
    this.#connections.tls?.stop();
  }

  /** Calls that come while it is being loaded are answered in their order. */
  #load(): Promise<TlsTermination> {
    this.#loading ??= this.#start();
    return this.#loading;
  }

  async #start(): Promise<TlsTermination> {
    const { TlsTermination } = await import("../tls/tls-termination.ts");
    const tls = new TlsTermination(this.#context, this.#log);
    if (this.#ask !== null) tls.whenMissing(this.#ask);
    if (this.#stopped) tls.stop();
    this.#connections.tls = tls;
    return tls;
  }
}
