/** Events → lines that stay, for logs, CI and `grep`: as the original writes them. */
import type { Checked, WorkEvent } from "../execute/event.ts";
import type { Reporter } from "./reporter.ts";
import { RunTime } from "./run-time.ts";
import type { Terminal } from "./terminal.ts";
import {
  checkedLines,
  differsLines,
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
  const runTime = new RunTime();

  const line = (text: string): void => void terminal.stdout.write(`${text}\n`);
  const errorLine = (text: string): void => void terminal.stderr.write(`${text}\n`);
  const visible = (level: string): boolean => detail === "verbose" || (talks && level === "info");

  const report = (event: WorkEvent): void => {
    runTime.take(event);
    switch (event.event) {
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
        if (visible(event.level)) line(outputLine(event, paint));
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
      case "differs":
        if (detail !== "raw") differsLines(event, paint).forEach(line);
        return;
      case "failed":
        failedLines(event, paintError).forEach(errorLine);
        return;
      case "run-finished":
        if (talks) runTime.lines(event).forEach(line);
        return;
      case "run-started":
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
