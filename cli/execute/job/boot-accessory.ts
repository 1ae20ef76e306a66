/** An accessory is started on the hosts where it is not yet, and waited for. Source: cli-commands §7. */
import type { Accessory } from "../../config/config.ts";
import type { StepOf } from "../../plan/step.ts";
import { exists, stop } from "../../remote/accessory.ts";
import { removeOwnContainer } from "../../remote/accessory-replace.ts";
import { bootFailure, comeUp, layOut, needProxy, standing, startNew } from "../accessory-container.ts";
import { type Prepared, preparedFiles } from "../accessory-files.ts";
import { settleInterrupted } from "../accessory-replacement.ts";
import { audit } from "../audit-line.ts";
import { inStep, say } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { look } from "../readiness.ts";
import { logIn } from "../registry-login.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { ensureNetwork } from "./boot-proxy.ts";

export async function bootAccessory(work: Work, { accessory: name, hosts }: StepOf<"boot-accessory">): Promise<void> {
  const accessory = work.config.accessories.find((one) => one.name === name);
  if (accessory === undefined) throw new RangeError(`no accessory ${name}`);
  await inStep(work, `Start accessory ${name}`, hosts, async () => {
    const files = await preparedFiles(work, accessory);
    await onHosts(work, hosts, (host) => bootOn(work, host, accessory, files));
  });
}

/** One of these runs, whatever happens: its own container, or the one that an interrupted upgrade has left. */
async function bootOn(work: Work, host: string, accessory: Accessory, files: readonly Prepared[]): Promise<void> {
  await logIn(work, host, accessory.registry);
  const there = await runCommand(work, host, exists(accessory), { reads: true, tolerate: true, level: "debug" });
  if (there.stdout.trim() !== "") {
    await settleInterrupted(work, host, accessory);
    await keepAsItIs(work, host, accessory);
    return;
  }
  await needProxy(work, host, accessory);
  await ensureNetwork(work, host);
  await audit(work, host, `Booted ${accessory.name} accessory`);
  await layOut(work, host, accessory, files);
  try {
    await startNew(work, host, accessory);
    await comeUp(work, host, accessory);
  } catch (error) {
    await discard(work, host, accessory);
    throw error;
  }
}

/** One that crashes again and again, or is not healthy yet, does not pass for one that is there. @throws WorkError `boot-failed` */
async function keepAsItIs(work: Work, host: string, accessory: Accessory): Promise<void> {
  const { name } = accessory;
  const verdict = work.dryRun ? undefined : await standing(work, host, accessory);
  if (verdict?.ready === false && verdict.failing === "ended") {
    const hint = `kdeploy accessory start ${name} starts it, kdeploy accessory reboot ${name} makes it anew`;
    say(work, "warning", `Accessory ${name} is there already, but does not run: ${hint}.`, host);
    return;
  }
  if (verdict?.ready === false) throw await bootFailure(work, host, accessory, verdict.failing);
  say(work, "notice", `Accessory ${name} is there already and stays as it is.`, host);
}

/** One that has ended would be in the way of the next attempt; one that needs longer may be making its data, and stays. Never throws. */
async function discard(work: Work, host: string, accessory: Accessory): Promise<void> {
  const options = { tolerate: true, signal: null, timeoutMs: work.state.limits.cleanupTimeoutMs } as const;
  const state = await look(work, host, accessory.service, null).catch(() => undefined);
  if (state === undefined) return;
  if (accessory.proxy === undefined && state.status === "running" && state.restarts === 0) {
    const hint = `kdeploy accessory boot ${accessory.name} waits again, kdeploy accessory reboot ${accessory.name} makes it anew`;
    say(work, "notice", `The container of ${accessory.name} keeps running: ${hint}.`, host);
    return;
  }
  for (const line of [stop(accessory), removeOwnContainer(accessory)])
    await runCommand(work, host, line, options).catch(() => {});
}
