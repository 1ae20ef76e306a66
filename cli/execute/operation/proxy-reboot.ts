/** The proxy's container is made anew, with the image and the options of now: on all hosts at a time, or one after another. Source: cli-commands §8. */
import { makeAppsConfigDirectory, pullImage, removeContainer, start, stopContainer } from "../../remote/proxy-run.ts";
import { audit } from "../audit-line.ts";
import { inStep } from "../in-step.ts";
import { ensureNetwork, proxyRunOn } from "../job/boot-proxy.ts";
import { runHook } from "../job/run-hook.ts";
import { onHosts } from "../on-hosts.ts";
import { throwIfCancelled } from "../pause.ts";
import { logIn } from "../registry-login.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { underLock } from "./under-lock.ts";

export type ProxyReboot = {
  /** One host after another; the first that fails keeps the others as they are. */
  readonly rolling: boolean;
};

export function rebootProxies(work: Work, { rolling }: ProxyReboot): Promise<void> {
  return underLock(work, async (locked) => {
    const { proxyHosts } = locked.selection;
    const groups = rolling ? proxyHosts.map((host) => [host]) : [proxyHosts];
    for (const hosts of groups.filter(({ length }) => length > 0)) {
      throwIfCancelled(locked.signal);
      await runHook(locked, "pre-proxy-reboot", { hosts });
      await inStep(locked, "Reboot the proxy", hosts, () => onHosts(locked, hosts, (host) => rebootOn(locked, host)));
      await runHook(locked, "post-proxy-reboot", { hosts });
    }
  });
}

async function rebootOn(work: Work, host: string): Promise<void> {
  const run = proxyRunOn(work.config, host);
  await audit(work, host, "Rebooted proxy");
  await logIn(work, host);
  await ensureNetwork(work, host);
  await runCommand(work, host, makeAppsConfigDirectory());
  // Before anything stops: nobody waits for it then, and one that cannot be had leaves the proxy running.
  await runCommand(work, host, pullImage(run));
  throwIfCancelled(work.signal);
  // From here on a cancellation would leave the host without a proxy.
  await runCommand(work, host, stopContainer(), { tolerate: true, signal: null });
  await runCommand(work, host, removeContainer(), { signal: null });
  await runCommand(work, host, start(run), { signal: null });
}
