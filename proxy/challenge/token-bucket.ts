/** A budget that refills steadily: asked for one at a time → whether there is one left. */

export class TokenBucket {
  readonly #capacity: number;
  readonly #perMs: number;
  #left: number;
  #filledAt = performance.now();

  /** Starts full: `capacity` at once, and as many again within `refillMs`. */
  constructor(capacity: number, refillMs: number) {
    this.#capacity = capacity;
    this.#perMs = capacity / refillMs;
    this.#left = capacity;
  }

  take(): boolean {
    const now = performance.now();
    this.#left = Math.min(this.#capacity, this.#left + (now - this.#filledAt) * this.#perMs);
    this.#filledAt = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
