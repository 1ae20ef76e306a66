/** Events → lines that stay, for logs, CI and `grep`: as the original writes them. */
import type { Checked, WorkEvent } from "../execute/event.ts";
import type { Reporter } from "./reporter.ts";
import type { Terminal } from "./terminal.ts";
import {
  checkedLines,
  failedLines,
  finishedLine,
  hostOutput,
  inLine,
  outputLine,
  painter,
  saidLines,
  startedLine,
  stepTitle,
  withLineEnd,
  withoutControls,
} from "./words.ts";

/** `quiet`: results and errors. `raw`: errors; the results are bytes that do not come through here. */
export type Detail = "raw" | "quiet" | "normal" | "verbose";

export function plainLines(terminal: Terminal, detail: Detail): Reporter {
  const paint = painter(terminal, terminal.stdout);
  const paintError = painter(terminal, terminal.stderr);
  const talks = detail === "normal" || detail === "verbose";
  let changes = false;

  const line = (text: string): void => void terminal.stdout.write(`${text}\n`);
  const errorLine = (text: string): void => void terminal.stderr.write(`${text}\n`);
  const visible = (level: string): boolean => detail === "verbose" || (talks && level === "info");

  const report = (event: WorkEvent): void => {
    switch (event.event) {
      case "run-started":
        changes = event.changes;
        return;
      case "step-started":
        if (talks) line(paint("magenta", stepTitle(event)));
        return;
      case "command-started":
        if (visible(event.level)) line(startedLine(event, event.level, paint));
        return;
      case "command-finished":
        if (visible(event.level)) line(finishedLine(event, event.level, paint));
        return;
      case "command-output":
        if (detail === "verbose") line(outputLine(event.id, event.line, paint));
        return;
      case "said":
        if (detail === "quiet") return;
        if (event.kind === "warning") saidLines(event, paintError).forEach(errorLine);
        else if (talks) saidLines(event, paint).forEach(line);
        return;
      case "progress":
        if (detail === "verbose") line(` DEBUG ${inLine(event.host)}: ${inLine(event.text)}`);
        return;
      case "host-output":
        if (talks) terminal.stdout.write(hostOutput(event, paint));
        else if (detail === "quiet") terminal.stdout.write(withLineEnd(withoutControls(event.text)));
        return;
      case "checked":
        if (talks || (detail === "quiet" && isNews(event))) checkedLines(event, paint).forEach(line);
        return;
      case "failed":
        failedLines(event, paintError).forEach(errorLine);
        return;
      case "run-finished":
        if (talks && changes) line(`  Finished all in ${(event.durationMs / 1000).toFixed(1)} seconds`);
        return;
      // The commands of a step, or its failure, tell the same.
      case "step-finished":
        return;
    }
  };
  const nothing = (): void => {};
  return {
    report,
    print: (text) => void terminal.stdout.write(text),
    pause: nothing,
    resume: nothing,
    close: nothing,
  };
}

function isNews({ verdict }: Checked): boolean {
  return verdict === "problem" || verdict === "warning";
}
