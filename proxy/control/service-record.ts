/** A service as control knows it: immutable, replaced whole by every change; and the same as the state file says it. */
import type { RolloutOptions } from "../options/rollout-options.ts";
import type { ServiceOptions } from "../options/service-options.ts";
import type { TargetOptions } from "../options/target-options.ts";
import type { SavedGate } from "../state/saved-gate.ts";
import type { Carried, ServiceSnapshot } from "../state/snapshot-format.ts";
import type { ErrorPages } from "./error-pages.ts";
import type { LiveTarget, TargetRole } from "./live-target.ts";

export type ServiceRecord = {
  readonly name: string;
  readonly service: ServiceOptions;
  readonly target: TargetOptions;
  /** The active slot: writers first, then readers. */
  readonly targets: readonly LiveTarget[];
  /** The rollout slot, in the same order; empty without a rollout. */
  readonly rolloutTargets: readonly LiveTarget[];
  /** Who gets to the rollout slot; null sends everybody to the active one. */
  readonly rollout: RolloutOptions | null;
  /** As they were when the service was deployed or restored. */
  readonly errorPages: ErrorPages | null;
  readonly gate: SavedGate;
  readonly carried: Carried;
};

/** The targets of both slots. */
export function allTargetsOf(record: ServiceRecord): readonly LiveTarget[] {
  return [...record.targets, ...record.rolloutTargets];
}

export function snapshotOf(record: ServiceRecord): ServiceSnapshot {
  const { name, service, target, rollout, gate, carried } = record;
  return {
    name,
    service,
    target,
    targets: addressesOf(record.targets, "writer"),
    readTargets: addressesOf(record.targets, "reader"),
    rolloutTargets: addressesOf(record.rolloutTargets, "writer"),
    rolloutReadTargets: addressesOf(record.rolloutTargets, "reader"),
    rollout,
    gate,
    carried,
  };
}

function addressesOf(targets: readonly LiveTarget[], role: TargetRole): readonly string[] {
  return targets.filter((target) => target.role === role).map((target) => target.address);
}
