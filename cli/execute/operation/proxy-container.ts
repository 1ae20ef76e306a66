/** The proxy's container on the selected hosts: started, stopped, looked at. Source: cli-commands §8. */
import { details, startContainer, stopContainer } from "../../remote/proxy-run.ts";
import { audit } from "../audit-line.ts";
import { inStep } from "../in-step.ts";
import { bootProxy } from "../job/boot-proxy.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import { onHosts } from "../on-hosts.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { answer, PROXY_HOST, tellHosts } from "./answers.ts";
import { underLock } from "./under-lock.ts";

export function bootProxies(work: Work): Promise<void> {
  return underLock(work, (locked) => {
    const { hosts, proxyHosts } = locked.selection;
    return bootProxy(locked, { kind: "boot-proxy", networkHosts: hosts, hosts: proxyHosts });
  });
}

export function startProxies(work: Work): Promise<void> {
  return onProxyHosts(work, "Start the proxy", startOn);
}

export function stopProxies(work: Work): Promise<void> {
  return onProxyHosts(work, "Stop the proxy", stopOn);
}

export function restartProxies(work: Work): Promise<void> {
  return onProxyHosts(work, "Restart the proxy", async (locked, host) => {
    await stopOn(locked, host);
    await startOn(locked, host);
  });
}

export async function showProxyDetails(work: Work): Promise<void> {
  await runPreConnectHook(work);
  await tellHosts(work, PROXY_HOST, work.selection.proxyHosts, async (host, tell) =>
    tell(await answer(work, host, details())),
  );
}

async function onProxyHosts(
  work: Work,
  title: string,
  perform: (locked: Work, host: string) => Promise<void>,
): Promise<void> {
  await underLock(work, async (locked) => {
    const { proxyHosts } = locked.selection;
    await inStep(locked, title, proxyHosts, () => onHosts(locked, proxyHosts, (host) => perform(locked, host)));
  });
}

async function startOn(work: Work, host: string): Promise<void> {
  await audit(work, host, "Started proxy");
  await runCommand(work, host, startContainer());
}

/** It need not be there. */
async function stopOn(work: Work, host: string): Promise<void> {
  await audit(work, host, "Stopped proxy");
  await runCommand(work, host, stopContainer(), { tolerate: true });
}
