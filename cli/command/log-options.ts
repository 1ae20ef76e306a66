/** Options that all commands share that show a log, and how lines of several containers are shown. */
import type { Report } from "../execute/event.ts";
import type { LogOptions } from "../remote/logs.ts";
import { logPrefix, type NamedSource } from "../report/log-prefix.ts";
import type { Terminal } from "../report/terminal.ts";
import type { OptionTable, OptionValues } from "./options.ts";

export const LOG_OPTIONS = {
  since: { kind: "string", short: "s", placeholder: "TIME", help: "lines since then: 10m, 2h, 2026-01-31T12:00:00" },
  lines: {
    kind: "number",
    short: "n",
    help: "how many lines from the end (100, or all with --since or --grep; 10 when following)",
  },
  grep: { kind: "string", short: "g", placeholder: "PATTERN", help: "only lines that match" },
  follow: { kind: "bool", short: "f", help: "show what is written from now on, until Ctrl-C" },
  "skip-timestamps": { kind: "bool", short: "T", help: "without the time of each line" },
} as const satisfies OptionTable;

export function logOptions(options: OptionValues<typeof LOG_OPTIONS>): LogOptions {
  const { follow, grep, lines, since, "skip-timestamps": skipTimestamps } = options;
  return { since, lines, grep, follow, timestamps: !skipTimestamps };
}

type Shown = {
  readonly terminal: Terminal;
  readonly print: (text: string) => void;
  readonly report: Report;
  readonly shared: { readonly json: boolean };
};

/** How a line of one of these sources is shown; programs are told host and text apart. `title` as of `host-output`. */
export function linePrinter(
  sources: readonly NamedSource[],
  title: string,
  { terminal, print, report, shared }: Shown,
): (line: string, source: NamedSource) => void {
  if (!shared.json) {
    const prefixOf = logPrefix(sources, terminal);
    return (line, source) => print(`${prefixOf(source)}${line}\n`);
  }
  return (text, { host }) => report({ event: "host-output", title, host, text });
}
