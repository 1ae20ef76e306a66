/** A rollback from its beginning to its end: which version, whether every host can have it, and the plan that is walked then. */

import { containerPrefix } from "../config/names.ts";
import { afterRollbackPlan, rollbackPlan } from "../plan/rollback.ts";
import { currentVersion } from "../remote/app.ts";
import { imageId } from "../remote/app-lookup.ts";
import { listContainers, parseContainers } from "../remote/prune.ts";
import { goodReleases, parseReleases, readReleases } from "../remote/releases.ts";
import { makeRunDirectory } from "../remote/server.ts";
import { executePlan } from "./executor.ts";
import { inStep, say } from "./in-step.ts";
import { pullOn } from "./job/pull-image.ts";
import { runPreConnectHook } from "./job/run-hook.ts";
import { withLock } from "./job/with-lock.ts";
import { onHosts, settleOnHosts } from "./on-hosts.ts";
import { throwIfCancelled } from "./pause.ts";
import { runCommand } from "./run-command.ts";
import { type Work, workWith } from "./work.ts";
import { isCancelled, isUncertain, onHost, WorkError } from "./work-error.ts";

const REPLACED = /_replaced_[0-9a-f]+$/;

/**
 * Without a version it goes to the last good one.
 * @returns the version that serves now
 * @throws WorkError `rollback-impossible`, with nothing changed; what a boot throws
 */
export async function rollBack(work: Work, wanted: string | undefined): Promise<string> {
  const asked = wanted === undefined ? work : workWith(work, { version: wanted });
  await runPreConnectHook(asked);
  const version = await withLock(asked, async (locked) => {
    const { config, selection } = locked;
    await onHosts(locked, selection.hosts, (host) => runCommand(locked, host, makeRunDirectory(), { level: "debug" }));
    const chosen =
      wanted ?? (await inStep(locked, "Find the last good release", selection.appHosts, () => lastGood(locked)));
    await inStep(locked, `Check that every host can have ${chosen}`, selection.appHosts, () =>
      ensureImages(locked, chosen),
    );
    await executePlan(workWith(locked, { version: chosen }), rollbackPlan(config, selection, chosen));
    return chosen;
  });
  await executePlan(workWith(work, { version }), afterRollbackPlan(version));
  return version;
}

type Past = { readonly current: string | undefined; readonly good: readonly string[] };

/** The newest one that was good on every host; hosts that are new have no say. @throws WorkError `rollback-impossible` */
async function lastGood(work: Work): Promise<string> {
  const pasts = [...(await onHosts(work, work.selection.appHosts, (host) => pastOf(work, host)))];
  const [first] = pasts.filter(([, { good }]) => good.length > 0);
  if (first === undefined) {
    throw impossible("No host has a release to go back to.", [], "name a version: kdeploy rollback VERSION");
  }
  const [reference, { good }] = first;
  const [chosen = ""] = good;
  const others = pasts.filter(([, past]) => past.good.length > 0 && past.good[0] !== chosen);
  if (others.length === 0) {
    say(work, "notice", `The last good release is ${chosen}.`);
    return chosen;
  }
  throw impossible(
    "The hosts do not agree on the last good release.",
    [[reference, chosen], ...others.map(([host, past]) => [host, past.good[0]])].map(
      ([host, one]) => `${host}: ${one}`,
    ),
    "name a version: kdeploy rollback VERSION",
  );
}

/** From the release record; on a host that was never deployed to by kdeploy, from the containers that are left. */
async function pastOf(work: Work, host: string): Promise<Past> {
  const read = async (line: string): Promise<string> =>
    (await runCommand(work, host, line, { reads: true, tolerate: true, level: "debug" })).stdout;
  const [role] = work.selection.rolesOn(host);
  if (role === undefined) return { current: undefined, good: [] };
  const found = (await read(currentVersion(work.config, role))).trim().replace(REPLACED, "");
  const current = found === "" ? undefined : found;
  const releases = parseReleases(await read(readReleases(work.config)));
  if (releases.length > 0) return { current, good: goodReleases(releases, current === undefined ? [] : [current]) };
  const prefix = `${containerPrefix(work.config, role)}-`;
  const versions = parseContainers(await read(listContainers(work.config, role)))
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name }) => name.slice(prefix.length).replace(REPLACED, ""));
  return { current, good: [...new Set(versions)].filter((version) => version !== current) };
}

/** An image that is gone is fetched now, before anything is changed. @throws WorkError `rollback-impossible` naming every host */
async function ensureImages(work: Work, version: string): Promise<void> {
  const { failures } = await settleOnHosts(work, work.selection.appHosts, async (host) => {
    const found = await runCommand(work, host, imageId(work.config, version), { reads: true, level: "debug" });
    if (found.stdout.trim() !== "") return;
    say(work, "notice", `The image ${version} is gone from this host, and is pulled.`, host);
    await pullOn(work, host, version);
  });
  throwIfCancelled(work.signal);
  if (failures.length === 0) return;
  const [first] = failures;
  const lost = failures.some(({ error }) => isUncertain(error) || isCancelled(error));
  throw impossible(
    `${version} cannot be had on ${failures.map(({ host }) => host).join(", ")}; nothing was changed.`,
    failures.flatMap(({ host, error }) => [onHost(host, error.message), ...error.details.map((line) => `  ${line}`)]),
    lost ? first?.error.hint : "kdeploy app containers and kdeploy app images show which versions there are",
  );
}

function impossible(message: string, details: readonly string[], hint: string | undefined): WorkError {
  return new WorkError("rollback-impossible", message, { details, hint });
}
