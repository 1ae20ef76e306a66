/** What the app's containers have written: of all selected hosts, as it was written, or as it comes. Source: cli-commands §5. */
import type { Role } from "../../config/config.ts";
import { type AppLogOptions, currentSince, logs } from "../../remote/app-logs.ts";
import { runPreConnectHook } from "../job/run-hook.ts";
import { onHosts } from "../on-hosts.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";
import { APP_HOST, answer, tellHosts } from "./answers.ts";
import type { LogSource } from "./follow-logs.ts";
import { withDefaultLines } from "./log-options.ts";
import { selectedPlaces } from "./on-roles.ts";

export async function showAppLogs(work: Work, options: AppLogOptions): Promise<void> {
  await runPreConnectHook(work);
  const { selection } = work;
  await tellHosts(work, APP_HOST, selection.appHosts, async (host, tell) => {
    for (const role of selection.rolesOn(host)) {
      const text = await logOf(work, host, role, options);
      tell(text === "" ? "Nothing found" : text);
    }
  });
}

/** A line of a log, and whose it is. */
export type LogLine = { readonly host: string; readonly name: string; readonly text: string };

/** Of all selected roles on all their hosts, the oldest first; `lines` counts them together. */
export async function mergedAppLogs(work: Work, options: AppLogOptions): Promise<LogLine[]> {
  await runPreConnectHook(work);
  const { selection } = work;
  const wanted = withDefaultLines(options);
  const byHost = await onHosts(work, selection.appHosts, async (host) => {
    const found: TimedLine[] = [];
    for (const role of selection.rolesOn(host)) {
      const text = await logOf(work, host, role, { ...wanted, timestamps: true });
      if (text !== "") found.push(...timed(text, { host, name: role.name }));
    }
    return found;
  });
  const all = [...byHost.values()]
    .flat()
    .toSorted((one, other) => (one.time < other.time ? -1 : Number(one.time > other.time)));
  const kept = wanted.lines === undefined ? all : all.slice(Math.max(0, all.length - wanted.lines));
  return kept.map(({ host, name, time, text }) => ({
    host,
    name,
    text: options.timestamps === false && text.startsWith(time) ? text.slice(time.length + 1) : text,
  }));
}

/**
 * What there is to follow: every selected role on each of its hosts, or the primary role on the primary host only.
 * @throws WorkError `nothing-deployed` when no role is on the primary host
 */
export function appLogSources(work: Work, options: AppLogOptions, primaryOnly: boolean): LogSource[] {
  // A container that is named is one, wherever it is.
  const places = primaryOnly || options.containerId !== undefined ? [primaryPlace(work)] : selectedPlaces(work);
  return places.map(({ host, role }) => {
    const following = { ...options, follow: true };
    return {
      host,
      name: role.name,
      first: logs(work.config, role, withDefaultLines(following)),
      ...(options.containerId === undefined ? { look: currentSince(work.config, role) } : {}),
      again: (containerId, { lines, since }) => logs(work.config, role, { ...following, containerId, lines, since }),
    };
  });
}

function primaryPlace(work: Work): { readonly host: string; readonly role: Role } {
  const { primaryHost: host, primaryRole: role } = work.selection;
  if (role !== undefined) return { host, role };
  throw new WorkError("nothing-deployed", `No role of the app is on ${host}.`, { host });
}

function logOf(work: Work, host: string, role: Role, options: AppLogOptions): Promise<string> {
  // grep fails when it finds nothing, docker when there is no container.
  return answer(work, host, logs(work.config, role, withDefaultLines(options)), { tolerate: true });
}

type TimedLine = LogLine & { readonly time: string };

/** Docker writes times of one length. What has none, as what grep puts between matches, belongs to the line before. */
function timed(text: string, source: Pick<LogLine, "host" | "name">): TimedLine[] {
  let time = "";
  return text.split("\n").map((line) => {
    time = /^\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(line)?.[0] ?? time;
    return { ...source, time, text: line };
  });
}
