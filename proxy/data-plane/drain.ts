/** A drain: the exchanges in flight at one moment, until they have ended, or the deadline ends them. */
import { type Exchange, Phase } from "../request/exchange.ts";
import type { Target } from "../target/target.ts";
import type { DrainOptions, DrainResult } from "./data-plane.ts";

const PROGRESS_MS = 1_000;
/** Upgraded connections are closed one by one over this last part of the time, not all in the same instant. */
const FAREWELL_SHARE = 0.2;

/** Waits for what is in flight on `targets` now. See DataPlane.drain for what the options mean. */
export async function drainTargets(targets: readonly Target[], options: DrainOptions): Promise<DrainResult> {
  const remaining = new Set<Exchange>();
  for (const target of targets) {
    for (const exchange of target.inFlight) {
      if (options.upgraded || exchange.phase !== Phase.Tunnelling) remaining.add(exchange);
    }
  }
  if (remaining.size === 0 || options.signal?.aborted) return { completed: 0, cut: 0 };
  return new Drain(targets, remaining, options).finished;
}

class Drain {
  readonly finished: Promise<DrainResult>;
  readonly #targets: readonly Target[];
  readonly #remaining: Set<Exchange>;
  readonly #options: DrainOptions;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #startedAt = performance.now();
  #resolve: (result: DrainResult) => void = () => {};
  #completed = 0;
  #cut = 0;

  constructor(targets: readonly Target[], remaining: Set<Exchange>, options: DrainOptions) {
    this.#targets = targets;
    this.#remaining = remaining;
    this.#options = options;
    this.finished = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    for (const target of targets) target.releaseListeners.add(this.#onRelease);
    options.signal?.addEventListener("abort", this.#finish, { once: true });
    this.#timers.push(setInterval(() => options.onProgress?.(remaining.size), PROGRESS_MS));
    this.#timers.push(setTimeout(() => this.#onDeadline(), options.timeoutMs));
    if (options.cut) {
      this.#timers.push(setTimeout(() => this.#sayFarewell(), options.timeoutMs * (1 - FAREWELL_SHARE)));
    }
    options.onProgress?.(remaining.size);
  }

  readonly #onRelease = (exchange: Exchange): void => {
    if (!this.#remaining.delete(exchange)) return;
    this.#completed++;
    if (this.#remaining.size === 0) this.#finish();
  };

  #onDeadline(): void {
    if (this.#options.cut) for (const exchange of Array.from(this.#remaining)) this.#end(exchange);
    this.#finish();
  }

  /** Spreads the ends of upgraded connections over what is left of the time: their clients all come back at once. */
  #sayFarewell(): void {
    const upgraded = [...this.#remaining].filter((exchange) => exchange.phase === Phase.Tunnelling);
    const leftMs = this.#options.timeoutMs - (performance.now() - this.#startedAt);
    for (const [index, exchange] of upgraded.entries()) {
      this.#timers.push(setTimeout(() => this.#end(exchange), (leftMs * index) / upgraded.length));
    }
  }

  #end(exchange: Exchange): void {
    if (!this.#remaining.delete(exchange)) return;
    this.#cut++;
    exchange.sink?.cut();
    if (this.#remaining.size === 0) this.#finish();
  }

  readonly #finish = (): void => {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const target of this.#targets) target.releaseListeners.delete(this.#onRelease);
    this.#options.signal?.removeEventListener("abort", this.#finish);
    this.#resolve({ completed: this.#completed, cut: this.#cut });
  };
}
