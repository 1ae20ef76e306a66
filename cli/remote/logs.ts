/** The words that reading any container's log has in common: what is wanted in, flags and filters out. Source: cli-docker-commands §3, §4, §6. */
import { joined, word, words } from "./conventions.ts";
import { quote } from "./shell.ts";

export type LogOptions = {
  /** As docker takes it: `10m`, or a time. */
  readonly since?: string | undefined;
  readonly lines?: number | undefined;
  readonly grep?: string | undefined;
  /** As typed, for grep. */
  readonly grepOptions?: string | undefined;
  readonly follow?: boolean;
  /** Default true. */
  readonly timestamps?: boolean;
};

export function timestampsFlag({ timestamps = true }: LogOptions): string | undefined {
  return timestamps ? "--timestamps" : undefined;
}

export function rangeFlags({ since, lines }: LogOptions): string {
  return joined(
    since === undefined ? undefined : `--since ${word(since)}`,
    lines === undefined ? undefined : `--tail ${lines}`,
  );
}

export function followFlag({ follow }: LogOptions): string | undefined {
  return follow === true ? "--follow" : undefined;
}

/** Both streams, and of them the lines that are wanted. */
export function filtered({ follow, grep, grepOptions }: LogOptions): string {
  if (grep === undefined) return "2>&1";
  // A pattern that begins with a dash is no option.
  const pattern = grep.startsWith("-") ? `-e ${quote(grep)}` : quote(grep);
  // Off a terminal grep keeps lines back until there are many.
  return joined("2>&1 | grep", follow === true ? "--line-buffered" : undefined, pattern, words(grepOptions ?? ""));
}

/** Of a container that runs: `ID STARTED_AT`, for `parseRunning`; of another one an empty line. */
export const RUNNING_FORMAT = "--format '{{if .State.Running}}{{slice .Id 0 12}} {{.State.StartedAt}}{{end}}'";

export type RunningContainer = { readonly id: string; readonly startedAt: string | undefined };

/** Whether a container runs, and since when, by its name. */
export function runningSince(name: string): string {
  return `docker inspect --type container ${RUNNING_FORMAT} ${word(name)}`;
}

export function parseRunning(printed: string): RunningContainer | undefined {
  const [id = "", startedAt] = printed.trim().split(/\s+/);
  return id === "" ? undefined : { id, startedAt };
}
