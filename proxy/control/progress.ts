/** What a long operation tells while it runs, and how often: changes at once, the same again every few seconds. */
import type { ProbeResult } from "../health/probe.ts";
import { outcomeText } from "../health/probe-words.ts";

export type ProgressEvent =
  /** `tries` counts the probes of this target so far. */
  | { readonly event: "probe"; readonly target: string; readonly text: string; readonly tries: number }
  /** How the order of a certificate goes, in a sentence. */
  | { readonly event: "certificate"; readonly name: string; readonly text: string }
  | { readonly event: "switched"; readonly targets: readonly string[] }
  | { readonly event: "draining"; readonly inFlight: number };

export type Report = (event: ProgressEvent) => void;

const REPEAT_MS = 3_000;

/** An observer of one target's probes that reports what is worth reporting. */
export function probeReporter(target: string, report: Report): (result: ProbeResult) => void {
  let tries = 0;
  let toldText = "";
  let toldAt = 0;
  return (result) => {
    tries++;
    const text = outcomeText(result);
    if (text === toldText && performance.now() - toldAt < REPEAT_MS) return;
    toldText = text;
    toldAt = performance.now();
    report({ event: "probe", target, text, tries });
  };
}
