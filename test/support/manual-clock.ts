/** A clock that stands still until a test moves it, and rings the alarms that it passes, in their order. */
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../proxy/certificate/clock.ts";

type Alarm = { readonly atMs: number; readonly wake: () => void };

export class ManualClock implements Clock {
  /** Waits for what an alarm has begun; a bench that knows more replaces it. */
  settle: () => Promise<void> = () => turn();
  readonly #alarms = new Set<Alarm>();
  #nowMs: number;

  constructor(nowMs = Date.now()) {
    this.#nowMs = nowMs;
  }

  /** Until when the next alarm is, ms; undefined for none. */
  get sleepsMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.atMs - this.#nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, wake: () => void): () => void {
    const alarm = { atMs: this.#nowMs + delayMs, wake };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** Lets what each alarm begins come to an end before the next one rings. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await this.settle();
    for (let rung = 0; rung < 100_000; rung++) {
      const next = this.#next();
      if (next === undefined || next.atMs > untilMs) break;
      this.#alarms.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
      await this.settle();
    }
    this.#nowMs = untilMs;
  }

  /** The time of day is set; alarms ring as late after now as they would have. */
  jump(byMs: number): void {
    const alarms = [...this.#alarms];
    this.#alarms.clear();
    this.#nowMs += byMs;
    for (const { atMs, wake } of alarms) this.#alarms.add({ atMs: atMs + byMs, wake });
  }

  #next(): Alarm | undefined {
    return [...this.#alarms].sort((a, b) => a.atMs - b.atMs)[0];
  }
}
