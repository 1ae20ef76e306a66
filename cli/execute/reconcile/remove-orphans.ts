/** What the configuration does not have any more goes, host by host: first its requests, then its containers, then its files. */
import { appDirectory, proxyAppDirectory } from "../../config/names.ts";
import { removeImages } from "../../remote/app.ts";
import { forgetHosts } from "../../remote/app-hosts.ts";
import {
  accessoryContainers,
  removeContainers,
  removeFiles,
  removeKeepingVolumes,
  stopContainers,
} from "../../remote/orphans.ts";
import { remove as removeRoute } from "../../remote/proxy.ts";
import { audit } from "../audit-line.ts";
import { inStep } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { answer } from "../operation/answers.ts";
import { removeUnusedProxies } from "../operation/proxy-remove.ts";
import { throwIfCancelled } from "../pause.ts";
import { runCommand } from "../run-command.ts";
import { type Work, workWith } from "../work.ts";
import type { Comparison } from "./comparison.ts";
import { type Difference, type Doing, doing, partOf } from "./difference.ts";

/** Whoever has the lock. A host that fails keeps what comes after: what is left is found by the next one. */
export async function removeOrphans(work: Work, differences: readonly Difference[]): Promise<void> {
  const orphans = differences.filter((one) => partOf(one) === "orphans" && one.action.do !== "forget-host");
  const hosts = [...new Set(orphans.flatMap(({ host }) => host ?? []))];
  if (hosts.length === 0) return;
  await inStep(work, "Remove what left the configuration", hosts, () =>
    onHosts(work, hosts, (host) =>
      removeFrom(
        work,
        host,
        orphans.filter((one) => one.host === host),
      ),
    ),
  );
  const leaving = doing(orphans, "leave-host").filter(({ action }) => action.removesProxy);
  const proxyHosts = leaving.flatMap(({ host }) => host ?? []);
  if (proxyHosts.length > 0)
    await removeUnusedProxies(workWith(work, { selection: { ...work.selection, proxyHosts } }));
}

/** Former hosts that are clean now, or are gone for good, are in no record any more. */
export async function forget(work: Work, { facts }: Comparison, hosts: readonly string[]): Promise<void> {
  const remembering = [...facts].filter(([, one]) => one.hosts.some(({ host }) => hosts.includes(host)));
  const names = remembering.map(([host]) => host);
  if (names.length === 0) return;
  await inStep(work, `Forget ${hosts.join(", ")}`, names, () =>
    onHosts(work, names, (host) => runCommand(work, host, forgetHosts(work.config, hosts), { level: "debug" })),
  );
}

/** One thing after another: a server is asked to stop one container at a time. */
async function removeFrom(work: Work, host: string, orphans: readonly Difference[]): Promise<void> {
  for (const { action } of doing(orphans, "remove-route")) {
    throwIfCancelled(work.signal);
    await runCommand(work, host, removeRoute(action.service));
  }
  for (const { action } of doing(orphans, "stop-container")) await stop(work, host, [action.name], action.role);
  for (const { action } of doing(orphans, "remove-containers")) {
    await audit(work, host, "Removed all app containers", action.role);
    await stop(work, host, action.names, action.role);
    await runCommand(work, host, removeContainers(action.names));
  }
  for (const { action } of doing(orphans, "remove-accessory")) await removeAccessory(work, host, action);
  for (const { action } of doing(orphans, "remove-files")) await runCommand(work, host, removeFiles(action.paths));
  for (const { action } of doing(orphans, "leave-host")) await leave(work, host, action.removesImages);
}

/** A job that is at it gets the time that its role gives it, as long as the configuration has the role. */
async function stop(work: Work, host: string, names: readonly string[], role?: string): Promise<void> {
  throwIfCancelled(work.signal);
  const { drainTimeoutSeconds, roles } = work.config;
  const seconds = roles.find(({ name }) => name === role)?.stopTimeoutSeconds ?? drainTimeoutSeconds;
  await runCommand(work, host, stopContainers(names, seconds));
}

/** Its data stay. */
async function removeAccessory(
  work: Work,
  host: string,
  { routed, service }: Doing<"remove-accessory">["action"],
): Promise<void> {
  await audit(work, host, `Removed ${service} accessory container`);
  const listed = await answer(work, host, accessoryContainers(service), { level: "debug" });
  const own = listed.split("\n").filter((name) => name === service || name.startsWith(`${service}_replaced_`));
  if (own.length === 0) return;
  if (routed) await runCommand(work, host, removeRoute(service));
  await stop(work, host, own);
  await runCommand(work, host, removeKeepingVolumes(own));
}

async function leave(work: Work, host: string, removesImages: boolean): Promise<void> {
  if (removesImages) {
    await audit(work, host, "Removed all app images");
    await runCommand(work, host, removeImages(work.config));
  }
  await audit(work, host, "Removed app directory");
  // Last of all: by these files the host is known as one of the app's.
  await runCommand(work, host, removeFiles([proxyAppDirectory(work.config), appDirectory(work.config)]));
}
