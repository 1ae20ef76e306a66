/** What accessories have written: of all selected hosts, as it was written, or as it comes. Source: cli-commands §7. */
import { logs } from "../../remote/accessory.ts";
import { type LogOptions, runningSince } from "../../remote/logs.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import type { Work } from "../work.ts";
import { accessoryNamed, accessoryTitle } from "./accessory-names.ts";
import { answer, tellHosts } from "./answers.ts";
import type { LogSource } from "./follow-logs.ts";
import { withDefaultLines } from "./log-options.ts";

export async function showAccessoryLogs(work: Work, typed: string, options: LogOptions): Promise<void> {
  const accessory = accessoryNamed(work, typed);
  await runPreConnectHook(work);
  const line = logs(accessory, withDefaultLines(options));
  await tellHosts(work, accessoryTitle(accessory), work.selection.accessoryHosts(accessory), async (host, tell) => {
    // grep fails when it finds nothing, docker when there is no container.
    const text = await answer(work, host, line, { tolerate: true });
    tell(text === "" ? "Nothing found" : text);
  });
}

/** One for each host, for `followLogs`: an upgrade goes on under the same name. */
export function accessoryLogSources(work: Work, typed: string, options: LogOptions): LogSource[] {
  const accessory = accessoryNamed(work, typed);
  const following = { ...options, follow: true };
  return work.selection.accessoryHosts(accessory).map((host) => ({
    host,
    name: accessory.name,
    first: logs(accessory, withDefaultLines(following)),
    look: runningSince(accessory.service),
    again: (_id, range) => logs(accessory, { ...following, since: undefined, lines: undefined, ...range }),
  }));
}
