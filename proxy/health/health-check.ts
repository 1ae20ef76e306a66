/** Probes one target for as long as it lives: at once, then once per interval, never two at a time → a callback per result. */
import type { ProbeRequest, ProbeResult } from "./probe.ts";
import { probeTarget } from "./probe-target.ts";

export type HealthCheckPlan = { readonly request: ProbeRequest; readonly intervalMs: number };

export class HealthCheck {
  readonly #plan: HealthCheckPlan;
  readonly #onResult: (result: ProbeResult) => void;
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  /** Starts with the first probe at once. */
  constructor(plan: HealthCheckPlan, onResult: (result: ProbeResult) => void) {
    this.#plan = plan;
    this.#onResult = onResult;
    void this.#run();
  }

  /** No callback comes after this, not even of a probe under way. */
  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    const startedAt = performance.now();
    const result = await probeTarget(this.#plan.request, this.#stopped.signal);
    if (this.#stopped.signal.aborted) return;
    this.#onResult(result);
    // The callback may have stopped the check.
    if (this.#stopped.signal.aborted) return;
    // Late ticks are dropped, not made up for: after a stall of the machine there is one probe, not a storm.
    const waitMs = Math.max(0, this.#plan.intervalMs - (performance.now() - startedAt));
    this.#timer = setTimeout(() => void this.#run(), waitMs);
  }
}
