/** What a target answered while a deploy waited for it: every probe result, repeats folded, bounded in size. */
import type { ProbeOutcome, ProbeResult } from "./probe.ts";
import { outcomeText } from "./probe-words.ts";

/** A stretch of equal results; times count from the start of the transcript. */
export type TranscriptRun = {
  readonly text: string;
  readonly outcome: ProbeOutcome;
  count: number;
  readonly fromMs: number;
  toMs: number;
};

/** A target that answers something else every time still gets a readable, bounded story: its beginning and its end. */
const MAX_RUNS = 12;

export class Transcript {
  readonly #startedAt = performance.now();
  readonly #runs: TranscriptRun[] = [];
  #left = 0;

  add(result: ProbeResult): void {
    const now = performance.now() - this.#startedAt;
    const text = outcomeText(result);
    const last = this.#runs.at(-1);
    if (last?.text === text) {
      last.count++;
      last.toMs = now;
      return;
    }
    if (this.#runs.length === MAX_RUNS) this.#left += this.#runs.splice(MAX_RUNS / 2, 1)[0]?.count ?? 0;
    this.#runs.push({ text, outcome: result, count: 1, fromMs: Math.max(0, now - result.durationMs), toMs: now });
  }

  get runs(): readonly TranscriptRun[] {
    return this.#runs;
  }

  /** One line per stretch: when, how often, what. */
  lines(): string[] {
    const lines = this.#runs.map((run) => {
      const span = run.count === 1 ? seconds(run.fromMs) : `${seconds(run.fromMs)} to ${seconds(run.toMs)}`;
      return `${span}: ${run.text}${run.count === 1 ? "" : ` (${run.count} times)`}`;
    });
    if (this.#left > 0) lines.splice(MAX_RUNS / 2, 0, `… ${this.#left} more results of other kinds …`);
    return lines;
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)}s`;
}
