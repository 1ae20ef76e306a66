/** Work that only one at a time may do: the deploy lock is taken, kept alive meanwhile, and released whatever comes of the work. */
import { randomBytes } from "node:crypto";
import {
  acquireLease,
  inspectLease,
  LEASE_HELD,
  type Lease,
  leaseText,
  parseLease,
  takeOverLease,
} from "../../remote/lease.ts";
import { ciRun, thisMachine } from "../ci-run.ts";
import { HostError } from "../host-error.ts";
import { inStep, say } from "../in-step.ts";
import { LeaseKeeper, releaseOwnLock } from "../lease-keeper.ts";
import { AUTOMATIC_LOCK, describeLock, isAutomatic, isStale } from "../lock-holder.ts";
import { pause } from "../pause.ts";
import { runCommand } from "../run-command.ts";
import { type Work, workWith } from "../work.ts";
import { WorkError } from "../work-error.ts";

/** The way round it, for whoever sees to it himself that nobody else deploys. */
const WITHOUT = "While that host is down, KAMAL_LOCK=true in the environment deploys to others without it.";

/** Somebody took it in the moment between two looks. */
const UNKNOWN: Lease = { beat: undefined, details: "" };

/**
 * `perform` gets the work whose signal also ends it when the lock is lost. Within one run a second lock is none: it has it already.
 * @throws WorkError `lock-held` with who holds it, `lock-lost`; what `perform` throws
 */
export async function withLock<Result>(
  work: Work,
  perform: (locked: Work) => Promise<Result>,
  message = AUTOMATIC_LOCK,
): Promise<Result> {
  if (work.state.lock !== undefined || work.env["KAMAL_LOCK"] === "true") return perform(work);
  const host = work.selection.lockHost;
  const token = randomBytes(8).toString("hex");
  await inStep(work, "Take the deploy lock", [host], () => acquire(work, host, token, message));
  if (work.dryRun) return performInDryRun(work, host, token, perform);
  const keeper = new LeaseKeeper(work, host, token);
  try {
    work.state.lock = keeper;
    return await perform(workWith(work, { signal: AbortSignal.any([work.signal, keeper.lost]) }));
  } finally {
    work.state.lock = undefined;
    await inStep(work, "Release the deploy lock", [host], () => keeper.release());
  }
}

async function performInDryRun<Result>(
  work: Work,
  host: string,
  token: string,
  perform: (locked: Work) => Promise<Result>,
): Promise<Result> {
  work.state.lock = { verify: () => Promise.resolve() };
  const result = await perform(work);
  work.state.lock = undefined;
  await releaseOwnLock(work, host, token);
  return result;
}

/** Waits for it when the work says so. */
async function acquire(work: Work, host: string, token: string, message: string): Promise<void> {
  const { lockWait } = work;
  const until = performance.now() + (lockWait?.timeoutMs ?? 0);
  const { lockTtlSeconds } = work.state.limits;
  for (let told = false; ; told = true) {
    const holder = await attempt(work, host, token, message);
    if (holder === undefined) return;
    const leftMs = until - performance.now();
    if (lockWait === undefined || leftMs <= 0 || !isAutomatic(holder)) throw held(work, host, holder);
    if (!told) for (const line of describeLock(holder, lockTtlSeconds)) say(work, "notice", line, host);
    say(work, "progress", `Waiting for the deploy lock, ${Math.ceil(leftMs / 1000)} s left`, host);
    await pause(Math.min(lockWait.intervalMs, leftMs), work.signal);
  }
}

/** @returns whoever has the lock, when it could not be had */
async function attempt(work: Work, host: string, token: string, message: string): Promise<Lease | undefined> {
  const { lockTtlSeconds } = work.state.limits;
  const text = detailsOf(work, message);
  if (await got(work, host, token, acquireLease(work.config, token, text))) return undefined;
  const shown = await runCommand(work, host, inspectLease(work.config), { reads: true, level: "debug" });
  const lease = parseLease(shown.stdout);
  if (lease === undefined) {
    return (await got(work, host, token, acquireLease(work.config, token, text))) ? undefined : UNKNOWN;
  }
  if (lease.beat === undefined || !isStale(lease, lockTtlSeconds)) return lease;
  const takeOver = takeOverLease(work.config, lease.beat.token, token, lockTtlSeconds, text);
  if (!(await got(work, host, token, takeOver))) return lease;
  say(work, "notice", `Took over a stale deploy lock. ${describeLock(lease, lockTtlSeconds).join(" ")}`, host);
  return undefined;
}

async function got(work: Work, host: string, token: string, command: string): Promise<boolean> {
  try {
    const result = await runCommand(work, host, command, { level: "debug", tolerate: true });
    if (result.exitCode === 0) return true;
    if (result.exitCode === LEASE_HELD) return false;
    throw new WorkError("command-failed", `The deploy lock on ${host} could not be taken.`, {
      host,
      details: result.stderr
        .trim()
        .split("\n")
        .map((line) => work.redactor.redact(line)),
    });
  } catch (error) {
    if (error instanceof HostError && error.code === "host-unreachable") {
      say(work, "notice", `The deploy lock is kept on ${host}, for all hosts. ${WITHOUT}`);
      throw error;
    }
    // Nobody knows whether it was taken: then it is given back.
    await releaseOwnLock(work, host, token);
    throw error;
  }
}

function held(work: Work, host: string, lease: Lease): WorkError {
  const waiting = work.lockWait === undefined ? "wait for it with --lock-wait, or " : "";
  return new WorkError("lock-held", `The deploy lock on ${host} is taken.`, {
    host,
    exitClass: "locked",
    hint: `${waiting}free it with kdeploy lock release when nobody uses it`,
    details: describeLock(lease, work.state.limits.lockTtlSeconds).map((line) => work.redactor.redact(line)),
  });
}

function detailsOf(work: Work, message: string): string {
  const { lockBeatMs, lockTtlSeconds } = work.state.limits;
  return leaseText({
    by: work.performer,
    at: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    version: work.version,
    message,
    host: thisMachine(),
    pid: process.pid,
    run: ciRun(work.env),
    ttlSeconds: lockTtlSeconds,
    beatSeconds: Math.round(lockBeatMs / 1000),
  });
}
