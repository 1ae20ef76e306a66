/** What was saved → running services: in rotation at once, checked from then on. One bad entry costs one service. */

import type { SnapshotFile } from "../state/snapshot-file.ts";
import { entryOf, type QuarantinedEntry, quarantinedEntry, type ServiceSnapshot } from "../state/snapshot-format.ts";
import { parseTargetAddress } from "../target/target-address.ts";
import { loadErrorPages } from "./error-pages.ts";
import { conflictError, findConflict } from "./host-conflict.ts";
import { LiveTarget, newTargets } from "./live-target.ts";
import { allTargetsOf, type ServiceRecord } from "./service-record.ts";
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
      records.set(snapshot.name, await recordOf(snapshot, services));
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
    for (const target of allTargetsOf(record)) target.startChecks(() => services.healthChanged());
    const { entry, service, target } = record.carried;
    const settings = { ...entry, ...service, ...target };
    if (Object.keys(settings).length > 0) {
      log.info("Settings kept that this version does not apply", { service: record.name, settings });
    }
  }
  if (loaded.path === undefined) log.info("No previous state to restore", { path: snapshotFile.path });
  else log.info("Restored saved state", { path: loaded.path });
}

async function recordOf(snapshot: ServiceSnapshot, { log }: Services): Promise<ServiceRecord> {
  const { targets, readTargets, rolloutTargets, rolloutReadTargets, ...rest } = snapshot;
  const live = (writers: readonly string[], readers: readonly string[]) =>
    newTargets(writers.map(parseTargetAddress), readers.map(parseTargetAddress)).map(
      (target) => new LiveTarget(target, snapshot.target, "healthy", log),
    );
  return {
    ...rest,
    targets: live(targets, readTargets),
    rolloutTargets: live(rolloutTargets, rolloutReadTargets),
    errorPages: await loadErrorPages(snapshot.service.errorPagesPath),
  };
}
