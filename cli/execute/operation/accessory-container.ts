/** The containers of accessories on the selected hosts: started, stopped. Source: cli-commands §7. */
import type { Accessory } from "../../config/config.ts";
import { start, stop } from "../../remote/accessory.ts";
import { remove } from "../../remote/proxy.ts";
import { comeUp, needProxy } from "../accessory-container.ts";
import { settleInterrupted } from "../accessory-replacement.ts";
import { audit } from "../audit-line.ts";
import { inStep } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { onAccessories } from "./accessory-names.ts";

/** @throws WorkError `boot-failed` */
export function startAccessories(work: Work, typed: string): Promise<void> {
  return onEach(work, typed, "Start", startOn);
}

export function stopAccessories(work: Work, typed: string): Promise<void> {
  return onEach(work, typed, "Stop", stopOn);
}

/** @throws WorkError `boot-failed` */
export function restartAccessories(work: Work, typed: string): Promise<void> {
  return onEach(work, typed, "Restart", async (locked, host, accessory) => {
    await stopOn(locked, host, accessory);
    await startOn(locked, host, accessory);
  });
}

/** Requests to it end first. Neither the route nor the container need be there, and neither the proxy. */
export async function stopContainerOn(work: Work, host: string, accessory: Accessory): Promise<void> {
  if (accessory.proxy !== undefined) await runCommand(work, host, remove(accessory.service), { tolerate: true });
  await runCommand(work, host, stop(accessory), { tolerate: true });
}

function onEach(
  work: Work,
  typed: string,
  what: string,
  perform: (locked: Work, host: string, accessory: Accessory) => Promise<void>,
): Promise<void> {
  return onAccessories(work, typed, async (locked, accessory, hosts) => {
    await inStep(locked, `${what} accessory ${accessory.name}`, hosts, () =>
      onHosts(locked, hosts, (host) => perform(locked, host, accessory)),
    );
  });
}

async function startOn(work: Work, host: string, accessory: Accessory): Promise<void> {
  await needProxy(work, host, accessory);
  await settleInterrupted(work, host, accessory);
  await audit(work, host, `Started ${accessory.name} accessory`);
  await runCommand(work, host, start(accessory));
  await comeUp(work, host, accessory);
}

async function stopOn(work: Work, host: string, accessory: Accessory): Promise<void> {
  await audit(work, host, `Stopped ${accessory.name} accessory`);
  await stopContainerOn(work, host, accessory);
}
