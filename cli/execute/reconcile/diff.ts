/** What is on the servers other than the configuration says, told and left as it is. */

import { say } from "../in-step.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import { describeLock, isStale } from "../lock-holder.ts";
import { throwFailures } from "../on-hosts.ts";
import type { Work } from "../work.ts";
import { compare } from "./compare.ts";
import type { Comparison } from "./comparison.ts";
import type { Difference } from "./difference.ts";
import { gather } from "./gather.ts";

/**
 * Takes no lock.
 * @returns how many differences there are
 * @throws what kept it from asking a host that the configuration has, when the others have been told of
 */
export async function showDifferences(work: Work): Promise<number> {
  await runPreConnectHook(work);
  const { comparison, failures } = await gather(work);
  const differences = [...compare(comparison), ...lockLeft(work, comparison)];
  tell(work, differences);
  throwFailures(work, failures);
  return differences.length;
}

export function tell(work: Work, differences: readonly Difference[]): void {
  for (const { host, kind, remedy, subject, text } of differences) {
    work.report({ event: "differs", host, subject, kind, text: work.redactor.redact(text), remedy });
  }
}

/** One that is in use says that what was found may change by itself. */
function lockLeft(work: Work, { config, facts, selection }: Comparison): Difference[] {
  const { lockTtlSeconds } = work.state.limits;
  const host = selection.lockHost;
  const lease = facts.get(host)?.lease;
  if (lease === undefined) return [];
  const words = describeLock(lease, lockTtlSeconds).map((line) => work.redactor.redact(line));
  if (!isStale(lease, lockTtlSeconds)) {
    say(work, "notice", `The deploy lock is taken: what follows may change. ${words.join(" ")}`, host);
    return [];
  }
  return [
    {
      host,
      subject: `lock-${config.appId}`,
      kind: "lock-stale",
      text: `The deploy lock was left behind. ${words.join(" ")}`,
      remedy: "reconcile takes it over, and so does a deploy; kdeploy lock release frees it",
      action: { do: "nothing" },
    },
  ];
}
