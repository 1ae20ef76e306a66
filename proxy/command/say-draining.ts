/** Drain progress → a line for whoever watches. */
import type { Report } from "../control/progress.ts";
import { sayProgress, type Terminal } from "./terminal.ts";

export function sayDraining(terminal: Terminal): Report {
  return (event) => {
    if (event.event === "draining") sayProgress(terminal, `draining: ${event.inFlight} in flight`);
  };
}
