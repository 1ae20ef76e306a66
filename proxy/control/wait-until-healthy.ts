/** New targets → a promise that all of them are healthy at one moment, or an error that says what they did instead. */
import { ProxyError } from "../errors.ts";
import { explainFailure } from "../health/diagnosis.ts";
import { Transcript } from "../health/transcript.ts";
import { formatDurationMs } from "../options/go-duration.ts";
import type { LiveTarget } from "./live-target.ts";
import { probeReporter, type Report } from "./progress.ts";

export type HealthWait = { readonly timeoutMs: number; readonly signal: AbortSignal; readonly report: Report };

/** A deploy of many targets that all fail needs no more than some of them explained. */
const MAX_EXPLAINED = 3;

/**
 * The targets' checks must be running.
 * @throws ProxyError `target-unhealthy` at the timeout; the signal's reason when it aborts
 */
export async function waitUntilHealthy(targets: readonly LiveTarget[], wait: HealthWait): Promise<void> {
  wait.signal.throwIfAborted();
  const transcripts = new Map(targets.map((target) => [target, new Transcript()]));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const forget = targets.map((target) => {
    const tell = probeReporter(target.address, wait.report);
    return target.observe((result) => {
      transcripts.get(target)?.add(result);
      tell(result);
      if (targets.every((target) => target.health === "healthy")) resolve();
    });
  });
  const timer = setTimeout(() => reject(unhealthyError(transcripts, wait.timeoutMs)), wait.timeoutMs);
  const onAbort = () => reject(wait.signal.reason as Error);
  wait.signal.addEventListener("abort", onAbort, { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    wait.signal.removeEventListener("abort", onAbort);
    for (const stop of forget) stop();
  }
}

/**
 * One more probe of each, at the last moment before the switch: a target that has died since must not get the traffic.
 * @throws ProxyError `target-lost`
 */
export async function refuseLost(targets: readonly LiveTarget[]): Promise<void> {
  const results = await Promise.all(targets.map(async (target) => ({ target, result: await target.probeNow() })));
  const lost = results.find(({ result }) => result.kind !== "healthy");
  if (lost === undefined) return;
  const transcript = new Transcript();
  transcript.add(lost.result);
  throw new ProxyError("target-lost", `target ${lost.target.address} was healthy and failed before the switch`, {
    hint: explainFailure(lost.target.probeRequest, transcript, lost.result.durationMs).join("\n"),
  });
}

function unhealthyError(transcripts: ReadonlyMap<LiveTarget, Transcript>, timeoutMs: number): ProxyError {
  const failing = [...transcripts].filter(([target]) => target.health !== "healthy");
  // All healthy by now, only never at the same moment: then every one of them is part of the story.
  const explained = failing.length > 0 ? failing : [...transcripts];
  const lines = explained
    .slice(0, MAX_EXPLAINED)
    .flatMap(([target, transcript]) => explainFailure(target.probeRequest, transcript, timeoutMs));
  if (explained.length > MAX_EXPLAINED) lines.push(`… and ${explained.length - MAX_EXPLAINED} more targets.`);
  return new ProxyError(
    "target-unhealthy",
    `target failed to become healthy within configured timeout (${formatDurationMs(timeoutMs)})`,
    { hint: lines.join("\n") },
  );
}
