/** The proxy's container is made anew, with the image and the options of now: on all hosts at a time, or one after another. Source: cli-commands §8. */
import { randomBytes } from "node:crypto";
import { PROXY_CONTAINER } from "../../config/names.ts";
import { foreignHome, inHome } from "../../remote/proxy-mount.ts";
import {
  bringBack,
  isUp,
  lastLogLines,
  makeAppsConfigDirectory,
  pullImage,
  removeContainer,
  setAside,
  start,
  stopContainer,
} from "../../remote/proxy-run.ts";
import { audit } from "../audit-line.ts";
import { inStep, say } from "../in-step.ts";
import { ensureNetwork, proxyRunOn } from "../job/boot-proxy.ts";
import { runHook } from "../job/run-hook.ts";
import { onHosts } from "../on-hosts.ts";
import { throwIfCancelled } from "../pause.ts";
import { logIn } from "../registry-login.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { WorkError, wordsOf } from "../work-error.ts";
import { underLock } from "./under-lock.ts";

export type ProxyReboot = {
  /** One host after another; the first that fails keeps the others as they are. */
  readonly rolling: boolean;
};

/** Looks at a new proxy until it takes commands, before it counts as one that does not start. */
const LOOKS = 15;
/** From here on a cancellation would leave the host without a proxy. */
const TO_THE_END = { signal: null } as const;
const QUIETLY = { ...TO_THE_END, tolerate: true, level: "debug" } as const;

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
  await audit(work, host, "Rebooted proxy");
  await prepareProxy(work, host);
  throwIfCancelled(work.signal);
  await replaceProxy(work, host);
}

/** Before anything stops: nobody waits for it then, and an image that cannot be had leaves the proxy running. */
export async function prepareProxy(work: Work, host: string): Promise<void> {
  await logIn(work, host);
  await ensureNetwork(work, host);
  await runCommand(work, host, makeAppsConfigDirectory());
  await runCommand(work, host, pullImage(proxyRunOn(work.config, host)));
}

/** @throws WorkError `command-failed`; then the proxy from before runs again, or it was said that it does not */
export async function replaceProxy(work: Work, host: string): Promise<void> {
  const hex = randomBytes(8).toString("hex");
  // Files of all apps are where the first one who deployed had them.
  const home = (await runCommand(work, host, foreignHome(PROXY_CONTAINER), { ...QUIETLY, reads: true })).stdout.trim();
  await runCommand(work, host, stopContainer(), { ...TO_THE_END, tolerate: true });
  await runCommand(work, host, setAside(hex), { ...TO_THE_END, tolerate: true });
  try {
    await runCommand(work, host, inHome(home, start(proxyRunOn(work.config, host))), TO_THE_END);
    if (!(await comesUp(work, host))) throw await lastWords(work, host);
  } catch (error) {
    const back = await runCommand(work, host, bringBack(hex), { ...TO_THE_END, tolerate: true });
    const runs = back.exitCode === 0 && (await comesUp(work, host));
    const outcome = runs ? "the one from before runs again" : "there is none now";
    throw new WorkError("command-failed", `${host}: the new proxy did not start; ${outcome}.`, {
      host,
      details: [wordsOf(error), ...(error instanceof WorkError ? error.details : [])],
      hint: "correct proxy.run, or what it needs on the server, and try again",
      cause: error,
    });
  }
  await clearAway(work, host);
}

/** A container may run whose program ends at once, again and again. */
async function comesUp(work: Work, host: string): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await new Promise((resolve) => setTimeout(resolve, work.state.limits.readinessPollMs));
    if ((await runCommand(work, host, isUp(), QUIETLY)).exitCode === 0) return true;
  }
  return false;
}

async function lastWords(work: Work, host: string): Promise<WorkError> {
  const { stdout } = await runCommand(work, host, lastLogLines(work.state.limits.failureLogLines), QUIETLY);
  return new WorkError("command-failed", "It does not take commands. What it said last:", {
    host,
    details: stdout.split("\n").flatMap((line) => (line === "" ? [] : [work.redactor.redact(line)])),
  });
}

/** What is left of the proxy from before does no harm. */
async function clearAway(work: Work, host: string): Promise<void> {
  const { exitCode } = await runCommand(work, host, removeContainer(), { ...TO_THE_END, tolerate: true });
  if (exitCode !== 0) say(work, "warning", "The old container of the proxy could not be removed.", host);
}
