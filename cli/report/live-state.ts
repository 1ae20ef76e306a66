/** Events → what is going on now, and since when, for the rows of the live view. */
import type { CommandStarted, StepFinished, StepStarted, WorkEvent } from "../execute/event.ts";

const THIS_MACHINE = "localhost";

export type RunningStep = StepStarted & { readonly startedAtMs: number };

export type HostRow = {
  readonly host: string;
  readonly title: string;
  /** The last word on it: a progress text, or the command that runs. */
  readonly now: string;
  readonly startedAtMs: number;
};

export class LiveState {
  readonly #steps = new Map<number, RunningStep>();
  readonly #commands = new Map<string, CommandStarted>();
  readonly #progress = new Map<string, string>();

  take(event: WorkEvent, nowMs: number): void {
    if (event.event === "step-started") this.#steps.set(event.id, { ...event, startedAtMs: nowMs });
    else if (event.event === "command-started") this.#commands.set(event.id, event);
    else if (event.event === "command-finished") this.#commands.delete(event.id);
    else if (event.event === "progress") this.#progress.set(event.host, event.text);
  }

  /** The step that ended, for the line that tells of it. */
  finish({ id }: StepFinished): RunningStep | undefined {
    const step = this.#steps.get(id);
    this.#steps.delete(id);
    for (const host of step === undefined ? [] : hostsOf(step)) this.#progress.delete(host);
    return step;
  }

  /** One for each host with a step, in the order in which they came; the innermost step counts. */
  get rows(): readonly HostRow[] {
    const rows = new Map<string, HostRow>();
    for (const step of this.#steps.values()) {
      for (const host of hostsOf(step)) {
        rows.set(host, { host, title: step.title, now: this.#nowOn(host), startedAtMs: step.startedAtMs });
      }
    }
    return [...rows.values()];
  }

  get idle(): boolean {
    return this.#steps.size === 0;
  }

  #nowOn(host: string): string {
    const command = [...this.#commands.values()].findLast((one) => one.host === host);
    return this.#progress.get(host) ?? command?.shown ?? "";
  }
}

function hostsOf({ hosts }: StepStarted): readonly string[] {
  return hosts.length === 0 ? [THIS_MACHINE] : hosts;
}
