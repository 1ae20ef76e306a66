/** Whether a container comes up and stays up: looks at it in, a verdict out. */
import {
  type ContainerState,
  hasRestarted,
  inspect,
  parseContainerState,
  readinessOf,
} from "../remote/container-state.ts";
import { pause } from "./pause.ts";
import { runCommand } from "./run-command.ts";
import type { Work } from "./work.ts";

export type Failing =
  /** It ended and is not started anew. */
  | "ended"
  /** It ends again and again. */
  | "restarting"
  /** Not ready after `deploy_timeout`. */
  | "deadline"
  /** There is no such container any more. */
  | "gone";

export type Verdict =
  | { readonly ready: true; readonly state: ContainerState }
  | { readonly ready: false; readonly failing: Failing; readonly state: ContainerState | undefined };

/** A container that is given up. */
export type End = { readonly failing: Failing; readonly state: ContainerState | undefined };

/** Looks in which a container was found ended, before it counts: between two starts Docker shows it so for a moment. */
const ENDED_LOOKS = 2;

/**
 * A container without a proxy is ready when Docker's health check says so; without one, when it has run for `readiness_delay` without
 * a restart. One that ends again and again is found out early, and never passes for running in between.
 */
export async function waitUntilReady(work: Work, host: string, name: string): Promise<Verdict> {
  const { deployTimeoutSeconds, readinessDelaySeconds } = work.config;
  const { readinessPollMs } = work.state.limits;
  const delayMs = readinessDelaySeconds * 1000;
  const deadlineMs = performance.now() + deployTimeoutSeconds * 1000;
  const trouble = new Trouble(work.state.limits.maxRestarts);
  let since: { readonly state: ContainerState; readonly atMs: number } | undefined;
  for (;;) {
    const state = await look(work, host, name);
    const failing = trouble.seenIn(state);
    if (failing !== undefined || state === undefined) return { ready: false, failing: failing ?? "gone", state };
    const readiness = readinessOf(state);
    const nowMs = performance.now();
    if (readiness === "ready") return { ready: true, state };
    if (readiness !== "running") since = undefined;
    else if (since === undefined || hasRestarted(since.state, state)) since = { state, atMs: nowMs };
    if (since !== undefined && nowMs - since.atMs >= delayMs) return { ready: true, state };
    // One that runs by then gets its delay to the end, once.
    if (nowMs >= deadlineMs + (since === undefined ? 0 : delayMs)) return { ready: false, failing: "deadline", state };
    const untilStable = since === undefined ? readinessPollMs : since.atMs + delayMs - nowMs;
    await pause(Math.max(Math.min(readinessPollMs, untilStable), 1), work.signal);
  }
}

/** Ends when the container has ended for good or ends again and again, or when the signal says to stop looking. */
export async function watchForEnd(
  work: Work,
  host: string,
  name: string,
  signal: AbortSignal,
): Promise<End | undefined> {
  const trouble = new Trouble(work.state.limits.maxRestarts);
  for (;;) {
    try {
      await pause(work.state.limits.watchPollMs, signal);
      const state = await look(work, host, name, signal);
      const failing = trouble.seenIn(state);
      if (failing !== undefined) return { failing, state };
    } catch {
      // What is being waited for is asked on the same connection, and says what is wrong with it.
      return undefined;
    }
  }
}

/**
 * Waits for something that says by itself when a container is healthy, such as the proxy, or until the container has ended, which is
 * known earlier. @returns how it ended; undefined when `perform` did. @throws what `perform` throws otherwise
 */
export async function unlessItEnds(
  work: Work,
  host: string,
  name: string,
  perform: (signal: AbortSignal) => Promise<unknown>,
): Promise<End | undefined> {
  const done = new AbortController();
  const ended = new AbortController();
  if (work.dryRun) done.abort();
  const watching = watchForEnd(work, host, name, AbortSignal.any([work.signal, done.signal])).then((end) => {
    if (end !== undefined) ended.abort();
    return end;
  });
  try {
    await perform(AbortSignal.any([work.signal, ended.signal]));
    return undefined;
  } catch (error) {
    const end = ended.signal.aborted ? await watching : undefined;
    if (end === undefined) throw error;
    return end;
  } finally {
    done.abort();
    await watching;
  }
}

/** It was ready then: is it the same one that still runs? */
export async function stillReady(work: Work, host: string, name: string, then: ContainerState): Promise<Verdict> {
  const state = await look(work, host, name);
  if (state === undefined) return { ready: false, failing: "gone", state };
  const readiness = readinessOf(state);
  const same = !hasRestarted(then, state) && (readiness === "ready" || readiness === "running");
  return same
    ? { ready: true, state }
    : { ready: false, failing: readiness === "ended" ? "ended" : "restarting", state };
}

/** Undefined when there is no such container. */
export async function look(
  work: Work,
  host: string,
  name: string,
  signal: AbortSignal | null = work.signal,
): Promise<ContainerState | undefined> {
  const { cleanupTimeoutMs } = work.state.limits;
  const options = { reads: true, tolerate: true, level: "debug", signal, timeoutMs: cleanupTimeoutMs } as const;
  return parseContainerState((await runCommand(work, host, inspect(name), options)).stdout);
}

/** Remembers from look to look what no waiting makes better. */
class Trouble {
  readonly #maxRestarts: number;
  #ended = 0;

  constructor(maxRestarts: number) {
    this.#maxRestarts = maxRestarts;
  }

  seenIn(state: ContainerState | undefined): Failing | undefined {
    if (state === undefined) return "gone";
    if (state.restarts >= this.#maxRestarts) return "restarting";
    this.#ended = readinessOf(state) === "ended" ? this.#ended + 1 : 0;
    return this.#ended >= ENDED_LOOKS ? "ended" : undefined;
  }
}
