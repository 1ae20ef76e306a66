/** A histogram as flat numbers: one count per bucket, one above the last bound, and the sum at the end. */

export class Histogram {
  readonly bounds: Float64Array;
  /** Buckets: `bounds.length + 1` counts, not cumulative, then the sum of all values. */
  readonly values: Float64Array;

  /** @param bounds ascending upper bounds, inclusive, shared between the histograms of one metric */
  constructor(bounds: Float64Array) {
    this.bounds = bounds;
    this.values = new Float64Array(bounds.length + 2);
  }

  observe(value: number): void {
    const { bounds, values } = this;
    const { length } = bounds;
    let bucket = 0;
    // A dozen bounds: walking beats searching, and most values are in the first few.
    while (bucket < length && value > (bounds[bucket] as number)) bucket++;
    values[bucket] = (values[bucket] as number) + 1;
    values[length + 1] = (values[length + 1] as number) + value;
  }
}
