/** The deploy lock as a host has it: free, in use, or left behind. */

import type { Config } from "../../config/config.ts";
import { lockDirectory } from "../../config/names.ts";
import type { Survey } from "../../remote/survey.ts";
import { holderOf, isAutomatic, isStale } from "../lock-holder.ts";
import { type Finding, ok, warning } from "./finding.ts";

const RELEASE = "kdeploy lock release frees it, when nobody uses it";

/** @param isLockHost deploys meet there; a lock on another host is of no use to anybody */
export function checkLock(
  { lock }: Survey,
  config: Pick<Config, "appId">,
  { isLockHost, ttlSeconds }: { readonly isLockHost: boolean; readonly ttlSeconds: number },
): Finding[] {
  if (lock === undefined) return isLockHost ? [ok("lock", "The deploy lock is free.")] : [];
  const { by, message } = holderOf(lock.details);
  const holder = `${by ?? "somebody who left no name"}${message === undefined ? "" : ` (${message})`}`;
  if (!isLockHost) {
    const text = `A deploy lock of ${holder} lies here, but deploys lock another host.`;
    return [warning("lock", text, `rm -r ${lockDirectory(config)} on the server, when no deploy is under way`)];
  }
  if (isStale(lock, ttlSeconds)) {
    return [ok("lock", `The deploy lock of ${holder} is stale: the next deploy takes it over.`)];
  }
  if (lock.beat !== undefined)
    return [warning("lock", `${holder} deploys right now.`, "--lock-wait has a deploy wait")];
  const text = isAutomatic(lock)
    ? `The deploy lock of ${holder} gives no signs of life: a Kamal CLI deploys, or has left it behind.`
    : `The deploy lock is taken by ${holder}.`;
  return [warning("lock", text, RELEASE)];
}
