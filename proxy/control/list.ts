/** Everything that is known about every service, as plain values: for `list`, in both its forms. */
import type { Counters } from "../data-plane/data-plane.ts";
import type { SavedGate } from "../state/saved-gate.ts";
import type { DeployLedger, DeployOutcome } from "./deploy-ledger.ts";
import type { LiveTarget, TargetHealth } from "./live-target.ts";
import type { ServiceRecord } from "./service-record.ts";
import type { Services } from "./services.ts";

export type ServiceListing = {
  readonly services: readonly ListedService[];
  readonly quarantined: readonly { readonly name: string; readonly reason: string }[];
  /** What was wrong with the saved state at the start. */
  readonly notices: readonly string[];
  /** Deploys under way, and the last one of every other service. */
  readonly deploys: readonly DeployOutcome[];
};

export type ListedService = {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly pathPrefixes: readonly string[];
  readonly stripPathPrefix: boolean;
  readonly state: SavedGate["state"];
  readonly maxPauseMs?: number;
  readonly message?: string;
  readonly tls: boolean;
  readonly requestsTotal: number;
  /** Requests held back by a pause. */
  readonly waiting: number;
  readonly targets: readonly ListedTarget[];
};

export type ListedTarget = {
  readonly id: string;
  readonly address: string;
  readonly health: TargetHealth;
  readonly since: string;
  readonly lastFailure: string;
  readonly inFlight: number;
  readonly upgraded: number;
};

/** Sorted by name, bytewise. */
export async function listServices(services: Services, ledger: DeployLedger): Promise<ServiceListing> {
  const counters = await services.dataPlane.counters();
  const records = [...services.records.values()].sort((a, b) =>
    Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
  );
  return {
    services: records.map((record) => listed(record, counters)),
    quarantined: services.quarantined.map(({ name, reason }) => ({ name, reason })),
    notices: services.notices,
    deploys: ledger.outcomes(),
  };
}

function listed(record: ServiceRecord, counters: Counters): ListedService {
  const { state, ...gate } = record.gate;
  const traffic = Object.hasOwn(counters.services, record.name) ? counters.services[record.name] : undefined;
  return {
    name: record.name,
    ...record.service,
    state,
    ...gate,
    tls: false,
    requestsTotal: traffic?.requestsTotal ?? 0,
    waiting: traffic?.waiting ?? 0,
    targets: record.targets.map((target) => listedTarget(target, counters)),
  };
}

function listedTarget(target: LiveTarget, counters: Counters): ListedTarget {
  const traffic = counters.targets[target.id];
  return {
    id: target.id,
    address: target.address,
    health: target.health,
    since: target.since.toISOString(),
    lastFailure: target.lastFailure,
    inFlight: traffic?.inFlight ?? 0,
    upgraded: traffic?.upgraded ?? 0,
  };
}
