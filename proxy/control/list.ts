/** Everything that is known about every service, as plain values: for `list`, in both its forms. */
import type { Counters } from "../data-plane/data-plane.ts";
import type { RolloutOptions } from "../options/rollout-options.ts";
import type { ServiceOptions } from "../options/service-options.ts";
import type { TargetOptions } from "../options/target-options.ts";
import type { SavedGate } from "../state/saved-gate.ts";
import type { DeployLedger, DeployOutcome } from "./deploy-ledger.ts";
import type { LiveTarget, TargetHealth, TargetRole } from "./live-target.ts";
import type { ServiceRecord } from "./service-record.ts";
import type { Services } from "./services.ts";
import { type SyncedTls, TlsSync } from "./tls-sync.ts";

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
  readonly state: SavedGate["state"];
  readonly maxPauseMs?: number;
  readonly message?: string;
  /** Whether it is served over HTTPS; below a path, as the service at the root of its host says. */
  readonly tls: boolean;
  readonly requestsTotal: number;
  /** Requests held back by a pause. */
  readonly waiting: number;
  /** The active slot: writers first, then readers. */
  readonly targets: readonly ListedTarget[];
  /** Null without rollout targets; without a split nobody gets there yet. */
  readonly rollout: {
    readonly targets: readonly ListedTarget[];
    readonly split: RolloutOptions | null;
  } | null;
  readonly options: { readonly service: ServiceOptions; readonly target: TargetOptions };
};

export type ListedTarget = {
  readonly id: string;
  readonly address: string;
  readonly role: TargetRole;
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
  const sync = new TlsSync(records);
  return {
    services: records.map((record) => listed(record, sync.of(record), counters)),
    quarantined: services.quarantined.map(({ name, reason }) => ({ name, reason })),
    notices: services.notices,
    deploys: ledger.outcomes(),
  };
}

function listed(record: ServiceRecord, tls: SyncedTls, counters: Counters): ListedService {
  const { service, target } = record;
  const { state, ...gate } = record.gate;
  const traffic = Object.hasOwn(counters.services, record.name) ? counters.services[record.name] : undefined;
  const rolloutTargets = record.rolloutTargets.map((target) => listedTarget(target, counters));
  return {
    name: record.name,
    hosts: service.hosts,
    pathPrefixes: service.pathPrefixes,
    state,
    ...gate,
    tls: tls.enabled,
    requestsTotal: traffic?.requestsTotal ?? 0,
    waiting: traffic?.waiting ?? 0,
    targets: record.targets.map((target) => listedTarget(target, counters)),
    rollout: rolloutTargets.length === 0 ? null : { targets: rolloutTargets, split: record.rollout },
    options: { service, target },
  };
}

function listedTarget(target: LiveTarget, counters: Counters): ListedTarget {
  const traffic = counters.targets[target.id];
  return {
    id: target.id,
    address: target.address,
    role: target.role,
    health: target.health,
    since: target.since.toISOString(),
    lastFailure: target.lastFailure,
    inFlight: traffic?.inFlight ?? 0,
    upgraded: traffic?.upgraded ?? 0,
  };
}
