/** Removing a service: its route goes, its requests finish, and a deploy of it that has not switched yet is cancelled. */
import { ProxyError } from "../errors.ts";
import type { DeployLedger } from "./deploy-ledger.ts";
import type { GateChanges } from "./gate-changes.ts";
import { allTargetsOf } from "./service-record.ts";
import type { Services } from "./services.ts";

/** @throws ProxyError `service-not-found`, `state-not-saved` */
export async function removeService(
  name: string,
  services: Services,
  ledger: DeployLedger,
  gates: GateChanges,
): Promise<void> {
  await services.change(
    (draft) => {
      const removed = draft.records.get(name);
      const kept = draft.quarantined.filter((entry) => entry.name !== name);
      // The first deploy of a service is all there is of it until it switches.
      const known = removed !== undefined || kept.length < draft.quarantined.length || ledger.isWaiting(name);
      if (!known) throw new ProxyError("service-not-found", "service not found");
      draft.records.delete(name);
      draft.quarantined = kept;
      return removed;
    },
    (removed) => {
      ledger.cancel(name);
      gates.abandonDrains(name);
      for (const target of removed === undefined ? [] : allTargetsOf(removed)) target.stopChecks();
    },
  );
  services.log.info("Service removed", { service: name });
}
