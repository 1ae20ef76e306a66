/** The app stops on the selected hosts: no requests to it any more, then its containers end. Source: cli-commands §5. */
import { containerPrefix } from "../../config/names.ts";
import { stopContainer } from "../../remote/app.ts";
import { remove } from "../../remote/proxy.ts";
import { listContainers, parseContainers } from "../../remote/prune.ts";
import { audit } from "../audit-line.ts";
import { say } from "../in-step.ts";
import type { RoleOnHost } from "../place.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { answer } from "./answers.ts";
import { onRoles, selectedPlaces } from "./on-roles.ts";
import { underLock } from "./under-lock.ts";

const RUNNING: ReadonlySet<string> = new Set(["running", "restarting", "paused"]);

export function stopApp(work: Work): Promise<void> {
  return underLock(work, (locked) => stopRoles(locked, selectedPlaces(locked)));
}

/** Whoever has the lock. */
export function stopRoles(work: Work, places: readonly RoleOnHost[]): Promise<void> {
  return onRoles(work, "Stop the app", places, (place) => stopRole(work, place));
}

/** All that runs of it, also what an interrupted deploy has left. */
async function stopRole(work: Work, { host, role }: RoleOnHost): Promise<void> {
  await audit(work, host, "Stopped app", role.name);
  if (role.proxy !== undefined) {
    // Without a proxy, or without this service in it, there is nothing to take out.
    await runCommand(work, host, remove(containerPrefix(work.config, role)), { tolerate: true });
  }
  const listed = parseContainers(await answer(work, host, listContainers(work.config, role), { level: "debug" }));
  const running = listed.filter(({ state }) => RUNNING.has(state));
  if (running.length === 0) say(work, "notice", `${role.name}: nothing runs.`, host);
  for (const { id } of running) await runCommand(work, host, stopContainer(role, id));
}
