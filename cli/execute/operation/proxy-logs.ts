/** What the proxies have written: of all selected hosts, or as it comes. Source: cli-commands §8. */
import { PROXY_CONTAINER } from "../../config/names.ts";
import { type LogOptions, runningSince } from "../../remote/logs.ts";
import { logs } from "../../remote/proxy-run.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import type { Work } from "../work.ts";
import { answer, PROXY_HOST, tellHosts } from "./answers.ts";
import type { LogSource } from "./follow-logs.ts";
import { withDefaultLines } from "./log-options.ts";

export async function showProxyLogs(work: Work, options: LogOptions): Promise<void> {
  await runPreConnectHook(work);
  const line = logs(withDefaultLines(options));
  await tellHosts(work, PROXY_HOST, work.selection.proxyHosts, async (host, tell) => {
    // grep fails when it finds nothing, docker when there is no container.
    const text = await answer(work, host, line, { tolerate: true });
    tell(text === "" ? "Nothing found" : text);
  });
}

/** The proxy of each selected host, or of the primary host only. */
export function proxyLogSources(work: Work, options: LogOptions, primaryOnly: boolean): LogSource[] {
  const { primaryHost, proxyHosts } = work.selection;
  const following = { ...options, follow: true };
  return (primaryOnly ? [primaryHost] : proxyHosts).map((host) => ({
    host,
    name: "proxy",
    first: logs(withDefaultLines(following)),
    look: runningSince(PROXY_CONTAINER),
    again: (_, { lines, since }) => logs({ ...following, lines, since }),
  }));
}
