/** Options that all commands share that show a log. */
import type { LogOptions } from "../remote/logs.ts";
import type { OptionTable, OptionValues } from "./options.ts";

export const LOG_OPTIONS = {
  since: { kind: "string", short: "s", placeholder: "TIME", help: "lines since then: 10m, 2h, 2026-01-31T12:00:00" },
  lines: {
    kind: "number",
    short: "n",
    help: "how many lines from the end (100, or all with --since or --grep; 10 when following)",
  },
  grep: { kind: "string", short: "g", placeholder: "PATTERN", help: "only lines that match" },
  follow: { kind: "bool", short: "f", help: "show what is written from now on, on the primary host" },
  "skip-timestamps": { kind: "bool", short: "T", help: "without the time of each line" },
} as const satisfies OptionTable;

export function logOptions(options: OptionValues<typeof LOG_OPTIONS>): LogOptions {
  const { follow, grep, lines, since, "skip-timestamps": skipTimestamps } = options;
  return { since, lines, grep, follow, timestamps: !skipTimestamps };
}
