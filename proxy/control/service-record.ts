/** A service as control knows it: immutable, replaced whole by every change; and the same as the state file says it. */
import type { ServiceOptions } from "../options/service-options.ts";
import type { TargetOptions } from "../options/target-options.ts";
import type { SavedGate } from "../state/saved-gate.ts";
import type { Carried, ServiceSnapshot } from "../state/snapshot-format.ts";
import type { LiveTarget } from "./live-target.ts";

export type ServiceRecord = {
  readonly name: string;
  readonly service: ServiceOptions;
  readonly target: TargetOptions;
  readonly targets: readonly LiveTarget[];
  readonly gate: SavedGate;
  readonly carried: Carried;
};

export function snapshotOf(record: ServiceRecord): ServiceSnapshot {
  return { ...record, targets: record.targets.map((target) => target.address) };
}
