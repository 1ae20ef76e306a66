/** A mistyped word → the known one that was probably meant. */

/** The nearest by letters to change, at most a third of the word (two for short ones); or the only one that it begins. */
export function suggestionFor(typed: string, known: readonly string[]): string | undefined {
  const word = typed.toLowerCase().replaceAll("-", "_");
  const allowed = Math.max(word.length <= 3 ? 1 : 2, Math.floor(word.length / 3));
  const nearest = known
    .map((candidate) => ({ candidate, changes: changesBetween(word, candidate.toLowerCase().replaceAll("-", "_")) }))
    .filter(({ changes }) => changes <= allowed)
    .toSorted((one, other) => one.changes - other.changes)[0];
  if (nearest !== undefined) return nearest.candidate;
  const begun = known.filter((candidate) => word.length >= 3 && candidate.startsWith(word));
  return begun.length === 1 ? begun[0] : undefined;
}

/** Letters to add, drop, replace or swap with their neighbour (optimal string alignment), over two words of bounded length. */
function changesBetween(from: string, to: string): number {
  if (Math.abs(from.length - to.length) > 3) return Number.POSITIVE_INFINITY;
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1];
      let least = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[to.length] ?? 0;
}
