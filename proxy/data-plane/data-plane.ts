/**
 * The line between truth and traffic. Control states what should be; the data plane owns connections, pools, in-flight
 * counts, rotation and waiting requests. All calls are asynchronous so that the plane may live in another thread.
 */
import type { ChallengeTable } from "../challenge/challenge-table.ts";
import type { MetricFamily } from "../observe/metrics-catalogue.ts";
import type { RoutingTable } from "../route/routing-table.ts";
import type { CertificateTable } from "../tls/certificate-table.ts";

export interface DataPlane {
  /** Resolves once every request routed from then on is routed by `table`. Targets that left it take nothing new. */
  apply(table: RoutingTable): Promise<void>;

  /**
   * Waits until what is in flight on `targetIds` at the moment of the call has ended, at most until the deadline, then
   * ends what is left (unless `cut` is false). Requests claimed after the call are neither waited for nor ended.
   * Resolves early, cutting nothing, when `signal` aborts.
   */
  drain(targetIds: readonly string[], options: DrainOptions): Promise<DrainResult>;

  /** Resolves once handshakes that begin from then on are answered by `table`; connections that are open live on. */
  useCertificates(table: CertificateTable): Promise<void>;

  /** Resolves once whoever comes to see a challenge of `table` is answered by it. */
  useChallenges(table: ChallengeTable): Promise<void>;

  /**
   * Names whom to ask when a client wants a certificate that is not there but could be (`askable`): the handshake waits
   * until the promise settles, for a bounded time, and then looks again. The name is folded and a valid host name.
   */
  whenMissing(ask: (name: string) => Promise<void>): void;

  counters(): Promise<Counters>;

  /** The figures of the metrics page that are about traffic; empty while metrics are off. */
  metrics(): Promise<readonly MetricFamily[]>;
}

export type DrainOptions = {
  readonly timeoutMs: number;
  /** False: only wait; whatever is still running afterwards goes on undisturbed. */
  readonly cut: boolean;
  /** False: upgraded connections are neither waited for nor ended. */
  readonly upgraded: boolean;
  readonly signal?: AbortSignal;
  /** Called about once a second with what is still in flight. */
  readonly onProgress?: (inFlight: number) => void;
};

export type DrainResult = {
  /** Exchanges that ended by themselves within the time. */
  readonly completed: number;
  /** Exchanges that were ended at the deadline. */
  readonly cut: number;
};

export type Counters = {
  readonly services: Readonly<Record<string, ServiceCounters>>;
  /** Keyed by target id; holds retired targets for as long as something is in flight on them. */
  readonly targets: Readonly<Record<string, TargetCounters>>;
  readonly clientConnections: number;
  readonly requestsTotal: number;
  /** Requests refused before routing: malformed, too large, too slow. */
  readonly rejectedTotal: number;
  /** Log lines lost because their reader did not keep up. */
  readonly logLinesDropped: number;
};

export type ServiceCounters = { readonly waiting: number; readonly requestsTotal: number };
export type TargetCounters = { readonly inFlight: number; readonly upgraded: number; readonly idleConnections: number };
