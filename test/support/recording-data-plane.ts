/** A data plane without traffic: it remembers what control told it, and its in-flight requests are what a test says. */
import type { ChallengeTable } from "../../proxy/challenge/challenge-table.ts";
import type { Counters, DataPlane, DrainOptions, DrainResult } from "../../proxy/data-plane/data-plane.ts";
import type { MetricFamily } from "../../proxy/observe/metrics-catalogue.ts";
import type { RoutingTable, ServiceRoute } from "../../proxy/route/routing-table.ts";
import type { CertificateTable } from "../../proxy/tls/certificate-table.ts";

export type RecordedDrain = { readonly addresses: readonly string[]; readonly options: DrainOptions; ended: boolean };

export class RecordingDataPlane implements DataPlane {
  readonly tables: RoutingTable[] = [];
  readonly drains: RecordedDrain[] = [];
  readonly certificateTables: CertificateTable[] = [];
  readonly challengeTables: ChallengeTable[] = [];
  /** What control wants to be asked when a certificate is missing. */
  askForMissing: (name: string) => Promise<void> = () => Promise.resolve();
  /** In-flight requests by address; a drain waits until they are gone. */
  readonly inFlight = new Map<string, number>();
  /** Set to have the next tables refused. */
  applyError: Error | undefined;
  readonly #addresses = new Map<string, string>();

  get table(): RoutingTable {
    return this.tables.at(-1) ?? { version: 0, services: [] };
  }

  route(name: string): ServiceRoute | undefined {
    return this.table.services.find((service) => service.name === name);
  }

  /** Addresses in rotation, in order. */
  rotation(name: string): string[] {
    return (this.route(name)?.targets ?? []).filter((target) => target.inRotation).map((target) => target.address);
  }

  async apply(table: RoutingTable): Promise<void> {
    await Promise.resolve();
    if (this.applyError) throw this.applyError;
    // What crosses a thread boundary must survive it.
    const copy = structuredClone(table);
    for (const service of copy.services) {
      for (const target of service.targets) this.#addresses.set(target.id, target.address);
    }
    this.tables.push(copy);
  }

  drain(targetIds: readonly string[], options: DrainOptions): Promise<DrainResult> {
    const addresses = targetIds.map((id) => this.#addresses.get(id) ?? id);
    const record: RecordedDrain = { addresses, options, ended: false };
    this.drains.push(record);
    const count = () => addresses.reduce((sum, address) => sum + (this.inFlight.get(address) ?? 0), 0);
    const deadline = performance.now() + options.timeoutMs;
    const atStart = count();
    return new Promise((resolve) => {
      const look = () => {
        const left = count();
        if (left > 0 && performance.now() < deadline && !options.signal?.aborted) {
          options.onProgress?.(left);
          setTimeout(look, 5);
          return;
        }
        record.ended = true;
        const cut = options.cut && !options.signal?.aborted ? left : 0;
        resolve({ completed: atStart - left, cut });
      };
      look();
    });
  }

  async useCertificates(table: CertificateTable): Promise<void> {
    await Promise.resolve();
    this.certificateTables.push(structuredClone(table));
  }

  async useChallenges(table: ChallengeTable): Promise<void> {
    await Promise.resolve();
    this.challengeTables.push(structuredClone(table));
  }

  whenMissing(ask: (name: string) => Promise<void>): void {
    this.askForMissing = ask;
  }

  metrics(): Promise<readonly MetricFamily[]> {
    return Promise.resolve([]);
  }

  counters(): Promise<Counters> {
    const targets = Object.fromEntries(
      [...this.#addresses].map(([id, address]) => [
        id,
        { inFlight: this.inFlight.get(address) ?? 0, upgraded: 0, idleConnections: 0 },
      ]),
    );
    return Promise.resolve({
      services: {},
      targets,
      clientConnections: 0,
      requestsTotal: 0,
      rejectedTotal: 0,
      logLinesDropped: 0,
    });
  }
}
