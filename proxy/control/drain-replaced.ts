/** The targets that a deploy replaced → what became of the requests that were still running on them. */
import type { DrainResult } from "../data-plane/data-plane.ts";
import type { LiveTarget } from "./live-target.ts";
import type { Report } from "./progress.ts";
import type { Services } from "./services.ts";

export type Drained = DrainResult;

export type ReplacedDrain = {
  readonly service: string;
  readonly replaced: readonly LiveTarget[];
  /** Addresses that go on serving as new targets. */
  readonly kept: ReadonlySet<string>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly report: Report;
};

/**
 * A container that is deployed to again has not changed: its requests are waited for, as the new ones' guarantee asks,
 * but neither they nor its WebSockets are ended.
 */
export async function drainReplaced(services: Services, drain: ReplacedDrain): Promise<Drained> {
  const inFlight = [0, 0];
  const groups = [
    { targets: drain.replaced.filter((target) => !drain.kept.has(target.address)), cut: true, upgraded: true },
    { targets: drain.replaced.filter((target) => drain.kept.has(target.address)), cut: false, upgraded: false },
  ];
  const results = await Promise.all(
    groups.map(async ({ targets, cut, upgraded }, group) => {
      if (targets.length === 0) return { completed: 0, cut: 0 };
      return services.dataPlane.drain(
        targets.map((target) => target.id),
        {
          timeoutMs: drain.timeoutMs,
          cut,
          upgraded,
          signal: drain.signal,
          onProgress(count) {
            inFlight[group] = count;
            drain.report({ event: "draining", inFlight: inFlight.reduce((sum, count) => sum + count, 0) });
          },
        },
      );
    }),
  );
  const cut = results.reduce((sum, result) => sum + result.cut, 0);
  if (cut > 0) services.log.warn("Requests cut at the end of the drain", { service: drain.service, cut });
  return { completed: results.reduce((sum, result) => sum + result.completed, 0), cut };
}
