/** Which reporter speaks: one for programs, one for a terminal, one for everything else. */
import type { WorkEvent } from "../execute/event.ts";
import type { Redactor } from "../secret/redactor.ts";
import { jsonLines } from "./json-lines.ts";
import { LiveView } from "./live.ts";
import { plainLines } from "./plain.ts";
import { redactedIn } from "./redacted.ts";
import type { Reporter } from "./reporter.ts";
import type { Terminal } from "./terminal.ts";

export type ReportChoice = {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** Standard output belongs to a program on a host. */
  readonly raw: boolean;
};

export function chooseReporter(choice: ReportChoice, terminal: Terminal, redactor: Redactor): Reporter {
  return redacting(reporterFor(choice, terminal), redactor);
}

/** Once more at the edge: whatever way a secret came here, it does not get out. */
export function redacting(reporter: Reporter, redactor: Redactor): Reporter {
  const redact = (text: string): string => redactor.redact(text);
  return {
    report: (event) => reporter.report(redactedIn(event, redact) as WorkEvent),
    print: (text) => reporter.print(redact(text)),
    pause: () => reporter.pause(),
    resume: () => reporter.resume(),
    close: () => reporter.close(),
  };
}

function reporterFor({ raw, json, quiet, verbose }: ReportChoice, terminal: Terminal): Reporter {
  if (raw) return plainLines(terminal, "raw");
  if (json) return jsonLines(terminal);
  if (quiet) return plainLines(terminal, "quiet");
  // Whoever wants to see everything is better served by lines that stay.
  if (verbose) return plainLines(terminal, "verbose");
  return canBeRedrawn(terminal) ? new LiveView(terminal) : plainLines(terminal, "normal");
}

function canBeRedrawn({ stdout, stderr, env }: Terminal): boolean {
  if (stdout.isTTY !== true || stderr.isTTY !== true) return false;
  return env["TERM"] !== "dumb" && (env["CI"] ?? "") === "";
}
