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
export function filtered({ grep, grepOptions }: LogOptions): string {
  if (grep === undefined) return "2>&1";
  // A pattern that begins with a dash is no option.
  const pattern = grep.startsWith("-") ? `-e ${quote(grep)}` : quote(grep);
  return joined("2>&1 | grep", pattern, words(grepOptions ?? ""));
}
