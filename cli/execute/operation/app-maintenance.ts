/** Requests are held back from the app, or let through again. Source: cli-commands §5. */
import type { Role } from "../../config/config.ts";
import { containerPrefix } from "../../config/names.ts";
import { live, maintenance } from "../../remote/proxy.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { onRoles, selectedPlaces } from "./on-roles.ts";
import { underLock } from "./under-lock.ts";

export type Maintenance = {
  /** For requests that are under way; `drain_timeout` of the configuration unless given. */
  readonly drainTimeoutSeconds: number | undefined;
  readonly message: string | undefined;
};

export function startMaintenance(work: Work, { drainTimeoutSeconds, message }: Maintenance): Promise<void> {
  const options = { drainTimeoutSeconds: drainTimeoutSeconds ?? work.config.drainTimeoutSeconds, message };
  return onProxied(work, "Start maintenance", (service) => maintenance(service, options));
}

export function endMaintenance(work: Work): Promise<void> {
  return onProxied(work, "End maintenance", live);
}

function onProxied(work: Work, title: string, lineFor: (service: string) => string): Promise<void> {
  const lineOf = (role: Role): string => lineFor(containerPrefix(work.config, role));
  return underLock(work, (locked) => {
    const places = selectedPlaces(locked).filter(({ role }) => role.proxy !== undefined);
    return onRoles(locked, title, places, async ({ host, role }) => {
      await runCommand(locked, host, lineOf(role));
    });
  });
}
