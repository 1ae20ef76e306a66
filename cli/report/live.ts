/** Events → a terminal: a row for each host that is at work, drawn at most ten times a second, and lines above that stay. */
import type { StepFinished, WorkEvent } from "../execute/event.ts";
import { LiveBlock } from "./live-block.ts";
import { liveRows } from "./live-rows.ts";
import { LiveState } from "./live-state.ts";
import type { Reporter } from "./reporter.ts";
import { RunTime } from "./run-time.ts";
import type { Terminal } from "./terminal.ts";
import {
  checkedLines,
  differsLines,
  duration,
  failedLines,
  hostOutput,
  inLine,
  type Paint,
  painter,
  saidLines,
} from "./words.ts";

const FRAME_MS = 100;
const MARKS = { done: "✔", failed: "✖", skipped: "−", cancelled: "−" } as const;
const STYLES = { done: "green", failed: "red", skipped: "dim", cancelled: "yellow" } as const;

export class LiveView implements Reporter {
  readonly #terminal: Terminal;
  readonly #block: LiveBlock;
  readonly #paint: Paint;
  readonly #state = new LiveState();
  /** Lines that stay, not yet drawn. */
  #lines: string[] = [];
  readonly #runTime = new RunTime();
  #pauses = 0;
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #redraw = (): void => this.#draw();
  readonly #restore = (): void => this.#block.draw([], []);

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#block = new LiveBlock(terminal.stdout);
    this.#paint = painter(terminal, terminal.stdout);
    terminal.stdout.on?.("resize", this.#redraw);
    // Whatever ends the process: the cursor comes back.
    process.once("exit", this.#restore);
  }

  readonly report = (event: WorkEvent): void => {
    this.#runTime.take(event);
    this.#lines.push(...this.#staying(event));
    this.#state.take(event, performance.now());
    if (this.#state.idle) {
      this.#stop();
      this.#draw();
      return;
    }
    // While there is a block, the clock draws: a burst of events costs one frame.
    this.#timer ??= setInterval(this.#redraw, FRAME_MS).unref();
  };

  print(text: string): void {
    this.#flush();
    this.#terminal.stdout.write(text);
  }

  pause(): void {
    this.#flush();
    this.#pauses += 1;
  }

  resume(): void {
    this.#pauses = Math.max(0, this.#pauses - 1);
    this.#draw();
  }

  close(): void {
    this.#stop();
    this.#pauses = 0;
    this.#flush();
    this.#terminal.stdout.off?.("resize", this.#redraw);
    process.off("exit", this.#restore);
  }

  #staying(event: WorkEvent): string[] {
    switch (event.event) {
      case "said":
        return saidLines(event, this.#paint);
      case "host-output":
        return hostOutput(event, this.#paint).split("\n").slice(0, -1);
      case "checked":
        return checkedLines(event, this.#paint);
      case "differs":
        return differsLines(event, this.#paint);
      case "failed":
        return failedLines(event, this.#paint);
      case "step-finished":
        return this.#finishedStep(event);
      case "run-finished":
        return this.#runTime.lines(event);
      case "command-output":
        return event.level === "info" ? [inLine(event.line)] : [];
      // These change the rows that are drawn anew.
      case "run-started":
      case "step-started":
      case "command-started":
      case "command-finished":
      case "progress":
        break;
    }
    return [];
  }

  #finishedStep(event: StepFinished): string[] {
    const step = this.#state.finish(event);
    if (step === undefined) return [];
    const { outcome, durationMs } = event;
    const time = outcome === "skipped" || outcome === "cancelled" ? outcome : duration(durationMs);
    const where = step.hosts.length === 0 ? "" : `  ${this.#paint("blue", inLine(step.hosts.join(", ")))}`;
    return [
      `${this.#paint(STYLES[outcome], MARKS[outcome])} ${inLine(step.title)}${where}  ${this.#paint("dim", time)}`,
    ];
  }

  #draw(): void {
    if (this.#pauses > 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#frame += 1;
    const size = { columns: this.#block.columns, rows: this.#block.rows };
    this.#block.draw(lines, liveRows(this.#state.rows, size, this.#frame, this.#paint));
  }

  /** Everything that was said is on the screen, and no block. */
  #flush(): void {
    if (this.#pauses > 0) return;
    this.#block.draw(this.#lines, []);
    this.#lines = [];
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
