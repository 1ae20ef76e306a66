/** What is there of the app on the selected hosts: containers, images, the version that runs, stale containers. */
import { containers, details } from "../../remote/app.ts";
import { list } from "../../remote/image.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import { findStale, stopStale } from "../job/stop-stale.ts";
import { placed } from "../place.ts";
import type { Work } from "../work.ts";
import { APP_HOST, answer, tellHosts } from "./answers.ts";
import { runningSuffix } from "./deployed-version.ts";
import { underLock } from "./under-lock.ts";

export async function showAppDetails(work: Work): Promise<void> {
  await runPreConnectHook(work);
  await tellHosts(work, APP_HOST, work.selection.appHosts, async (host, tell) => {
    for (const role of work.selection.rolesOn(host)) tell(await answer(work, host, details(work.config, role)));
  });
}

export function showAppContainers(work: Work): Promise<void> {
  return showApp(work, containers(work.config));
}

export function showAppImages(work: Work): Promise<void> {
  return showApp(work, list(work.config));
}

async function showApp(work: Work, line: string): Promise<void> {
  await runPreConnectHook(work);
  await tellHosts(work, APP_HOST, work.selection.appHosts, async (host, tell) => tell(await answer(work, host, line)));
}

/** Of the first role on each host; nothing where nothing runs. */
export async function showAppVersion(work: Work): Promise<void> {
  await runPreConnectHook(work);
  await tellHosts(work, APP_HOST, work.selection.appHosts, async (host, tell) => {
    const [role] = work.selection.rolesOn(host);
    if (role === undefined) return;
    tell(((await runningSuffix(work, host, role)) ?? "").replace(/_replaced_[0-9a-f]+$/, ""));
  });
}

export async function showStaleContainers(work: Work): Promise<void> {
  await runPreConnectHook(work);
  await tellHosts(work, APP_HOST, work.selection.appHosts, async (host, tell) => {
    for (const role of work.selection.rolesOn(host)) {
      for (const { name } of await findStale(work, placed(work, { host, role: role.name }))) {
        tell(`Stale container of role ${role.name}: ${name} (kdeploy app stale-containers --stop stops it)`);
      }
    }
  });
}

export function stopStaleContainers(work: Work): Promise<void> {
  return underLock(work, (locked) => {
    const { appHosts, rolesOn } = locked.selection;
    const places = appHosts.flatMap((host) => rolesOn(host).map((role) => ({ host, role: role.name })));
    return stopStale(locked, { kind: "stop-stale", places });
  });
}
