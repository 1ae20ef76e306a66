/** How many label sets the metrics may hold, together: clients and apps decide about methods and statuses. */

export class SeriesBudget {
  /** Observations that found no place. */
  refused = 0;
  #left: number;

  constructor(maxSeries: number) {
    this.#left = maxSeries;
  }

  /** True when there is room for `count` more. */
  take(count: number): boolean {
    if (this.#left < count) return false;
    this.#left -= count;
    return true;
  }

  giveBack(count: number): void {
    this.#left += count;
  }
}
