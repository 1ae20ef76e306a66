/** The few numbers about numbers that the tables show. */

export function median(values: number[]): number {
  return quantile(values, 0.5);
}

/** Linear between neighbours, so that the median of two rounds is their middle. NaN for no values. */
export function quantile(values: number[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  const [low = Number.NaN, high = low] = [sorted[below], sorted[above]];
  return low + (high - low) * (position - below);
}
