/** New targets in their first moments with traffic: one that dies now is worth a warning in the deploy's result. */

import type { ProbeResult } from "../health/probe.ts";
import { outcomeText } from "../health/probe-words.ts";
import type { LiveTarget } from "./live-target.ts";

export type LossWatch = {
  /** Looks once more and returns a sentence for each target that has failed since the watch began. */
  end(closing: AbortSignal): Promise<string[]>;
};

/** @param forced the targets were never known to be healthy: what they say is no loss, and nobody waits for it */
export function watchForLoss(targets: readonly LiveTarget[], forced: boolean): LossWatch {
  const failures = new Map<LiveTarget, string>();
  const note = (target: LiveTarget, result: ProbeResult) => {
    if (result.kind !== "healthy" && !failures.has(target)) failures.set(target, outcomeText(result));
  };
  const forget = forced ? [] : targets.map((target) => target.observe((result) => note(target, result)));
  return {
    async end(closing) {
      for (const stop of forget) stop();
      if (forced || closing.aborted) return [];
      const silent = targets.filter((target) => !failures.has(target));
      await Promise.all(silent.map(async (target) => note(target, await target.probeNow())));
      return [...failures].map(
        ([target, text]) => `target ${target.address} was healthy before the switch and has failed since: ${text}`,
      );
    },
  };
}
