/** Progress and result of a deploy → words for whoever watches. */
import type { DeployResult } from "../control/deploy.ts";
import type { ProgressEvent, Report } from "../control/progress.ts";
import { sayProgress, sayWarning, type Terminal } from "./terminal.ts";

export function sayDeploying(terminal: Terminal): Report {
  return (event) => sayProgress(terminal, lineOf(event));
}

export function sayDeployResult(terminal: Terminal, result: DeployResult): void {
  for (const warning of result.warnings) sayWarning(terminal, warning);
}

function lineOf(event: ProgressEvent): string {
  if (event.event === "probe") return `${event.target}: ${event.text} (check ${event.tries})`;
  if (event.event === "switched") return `switched to ${event.targets.join(", ")}`;
  if (event.event === "certificate") return event.text;
  return `draining: ${event.inFlight} in flight`;
}
