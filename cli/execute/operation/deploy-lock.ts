/** The deploy lock in a person's hands: looked at, taken and freed. Source: cli-commands §9. */
import { inspectLease, type Lease, parseLease } from "../../remote/lease.ts";
import { acquire, release, removeDirectory } from "../../remote/lock.ts";
import { makeRunDirectory } from "../../remote/server.ts";
import { inStep, say } from "../in-step.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import { describeLock } from "../lock-holder.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { CommandError, WorkError } from "../work-error.ts";

/** Lines for people: who has it and whether they are alive, or that nobody has it. */
export async function lockStatus(work: Work): Promise<string[]> {
  await runPreConnectHook(work);
  const lease = await look(work);
  return lease === undefined ? ["There is no deploy lock."] : inWords(work, lease);
}

/** Until it is released: other than a deploy's lock it gives no signs of life, and never goes stale. @throws WorkError `lock-held` */
export async function acquireLock(work: Work, message: string): Promise<void> {
  await runPreConnectHook(work);
  const { config, performer: by, selection, version } = work;
  const host = selection.lockHost;
  const at = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  // In the details a line is a fact.
  const details = { by, at, version, message: message.replace(/[\p{Cc}\u2028\u2029]+/gu, " ") };
  await inStep(work, "Take the deploy lock", [host], async () => {
    await runCommand(work, host, makeRunDirectory(), { level: "debug" });
    try {
      await runCommand(work, host, acquire(config, details), { level: "debug" });
    } catch (error) {
      const lease = error instanceof CommandError ? await look(work) : undefined;
      if (lease === undefined) throw error;
      throw new WorkError("lock-held", `The deploy lock on ${host} is taken.`, {
        host,
        exitClass: "locked",
        hint: "kdeploy lock release frees it, when nobody uses it",
        details: inWords(work, lease),
      });
    }
  });
}

/** Whoever has it. @returns whether there was one */
export async function releaseLock(work: Work): Promise<boolean> {
  await runPreConnectHook(work);
  const host = work.selection.lockHost;
  const lease = await look(work);
  if (lease === undefined) return false;
  say(work, "notice", inWords(work, lease).join("\n"), host);
  await inStep(work, "Release the deploy lock", [host], async () => {
    const { exitCode } = await runCommand(work, host, release(work.config), { level: "debug", tolerate: true });
    // One that broke off while it was being taken has no details; and somebody may have been faster.
    if (exitCode !== 0) await runCommand(work, host, removeDirectory(work.config), { level: "debug" });
  });
  return true;
}

async function look(work: Work): Promise<Lease | undefined> {
  const { config, selection } = work;
  const shown = await runCommand(work, selection.lockHost, inspectLease(config), { reads: true, level: "debug" });
  return parseLease(shown.stdout);
}

function inWords(work: Work, lease: Lease): string[] {
  return describeLock(lease, work.state.limits.lockTtlSeconds).map((line) => work.redactor.redact(line));
}
