/** The proxy goes from the selected hosts, with its image and files, unless apps there need it. Source: cli-commands §8. */
import { list, services } from "../../remote/proxy.ts";
import { countApps, removeContainer, removeDirectory, removeImage, stopContainer } from "../../remote/proxy-run.ts";
import { allEnded } from "../all-ended.ts";
import { audit } from "../audit-line.ts";
import { inStep, say } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";
import { answer } from "./answers.ts";
import { underLock } from "./under-lock.ts";

/** @throws WorkError `proxy-in-use`, with nothing changed, unless forced */
export function removeProxies(work: Work, { force }: { readonly force: boolean }): Promise<void> {
  return underLock(work, async (locked) => {
    const { proxyHosts } = locked.selection;
    const inUse = force ? [] : await hostsInUse(locked);
    if (inUse.length > 0) {
      throw new WorkError("proxy-in-use", `Apps are deployed on ${inUse.join(", ")}; nothing was removed.`, {
        hint: "kdeploy app remove removes this one; --force removes the proxy all the same",
      });
    }
    await removeProxiesFrom(locked, proxyHosts);
  });
}

/** Where other apps need it, it stays. Whoever has the lock. */
export async function removeUnusedProxies(work: Work): Promise<void> {
  const inUse = await hostsInUse(work);
  for (const host of inUse) say(work, "notice", "The proxy stays: other apps need it.", host);
  await removeProxiesFrom(
    work,
    work.selection.proxyHosts.filter((host) => !inUse.includes(host)),
  );
}

export function removeProxyContainers(work: Work): Promise<void> {
  return onProxyHosts(work, removeContainerOn);
}

export function removeProxyImages(work: Work): Promise<void> {
  return onProxyHosts(work, removeImageOn);
}

export function removeProxyDirectories(work: Work): Promise<void> {
  return onProxyHosts(work, removeDirectoryOn);
}

/** Apps of this user have files there; those of others are known to the proxy alone. */
async function hostsInUse(work: Work): Promise<string[]> {
  const inUse = await onHosts(work, work.selection.proxyHosts, async (host) => {
    const [own, served] = await allEnded([
      answer(work, host, countApps(), { level: "debug" }),
      // Where no proxy runs, nobody uses it.
      answer(work, host, list(), { level: "debug", tolerate: true }),
    ]);
    return Number(own.trim()) > 0 || services(served) > 0;
  });
  return [...inUse].filter(([, isInUse]) => isInUse).map(([host]) => host);
}

async function removeProxiesFrom(work: Work, hosts: readonly string[]): Promise<void> {
  if (hosts.length === 0) return;
  await inStep(work, "Remove the proxy", hosts, () =>
    onHosts(work, hosts, async (host) => {
      await audit(work, host, "Stopped proxy");
      await runCommand(work, host, stopContainer(), { tolerate: true });
      await removeContainerOn(work, host);
      await removeImageOn(work, host);
      await removeDirectoryOn(work, host);
    }),
  );
}

function onProxyHosts(work: Work, perform: (locked: Work, host: string) => Promise<void>): Promise<void> {
  return underLock(work, async (locked) => {
    await onHosts(locked, locked.selection.proxyHosts, (host) => perform(locked, host));
  });
}

async function removeContainerOn(work: Work, host: string): Promise<void> {
  await audit(work, host, "Removed proxy container");
  await runCommand(work, host, removeContainer());
}

async function removeImageOn(work: Work, host: string): Promise<void> {
  await audit(work, host, "Removed proxy image");
  await runCommand(work, host, removeImage());
}

/** It need not be there. */
async function removeDirectoryOn(work: Work, host: string): Promise<void> {
  await runCommand(work, host, removeDirectory(), { tolerate: true });
}
