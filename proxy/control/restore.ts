/** What was saved → running services: in rotation at once, checked from then on. One bad entry costs one service. */

import type { SnapshotFile } from "../state/snapshot-file.ts";
import { entryOf, type QuarantinedEntry, quarantinedEntry, type ServiceSnapshot } from "../state/snapshot-format.ts";
import { parseTargetAddress } from "../target/target-address.ts";
import { conflictError, findConflict } from "./host-conflict.ts";
import { LiveTarget } from "./live-target.ts";
import type { ServiceRecord } from "./service-record.ts";
import type { Services } from "./services.ts";

/** @throws ProxyError when the file must not be touched: written by a later version, or not readable */
export async function restore(services: Services, snapshotFile: SnapshotFile): Promise<void> {
  const { log } = services;
  const loaded = await snapshotFile.load();
  if (loaded.notice !== undefined) services.notices.push(loaded.notice);
  const records = new Map<string, ServiceRecord>();
  const quarantined: QuarantinedEntry[] = [...loaded.quarantined];
  for (const snapshot of loaded.services) {
    try {
      const conflict = findConflict(snapshot.name, snapshot.service, records.values());
      if (conflict !== undefined) throw conflictError(conflict);
      records.set(snapshot.name, recordOf(snapshot, services));
    } catch (error) {
      quarantined.push(quarantinedEntry(entryOf(snapshot), error));
    }
  }
  for (const { name, reason } of quarantined) {
    log.error("Service not restored; its entry is kept until it is deployed or removed", {
      service: name,
      error: reason,
    });
  }
  await services.adopt([...records.values()], quarantined);
  for (const record of records.values()) {
    for (const target of record.targets) target.startChecks(() => services.healthChanged());
    const { entry, service, target } = record.carried;
    const settings = { ...entry, ...service, ...target };
    if (Object.keys(settings).length > 0) {
      log.info("Settings kept that this version does not apply", { service: record.name, settings });
    }
  }
  if (loaded.path === undefined) log.info("No previous state to restore", { path: snapshotFile.path });
  else log.info("Restored saved state", { path: loaded.path });
}

function recordOf(snapshot: ServiceSnapshot, { log }: Services): ServiceRecord {
  const targets = snapshot.targets.map(
    (address) => new LiveTarget(parseTargetAddress(address), snapshot.target.healthCheck, "healthy", log),
  );
  return { ...snapshot, targets };
}
