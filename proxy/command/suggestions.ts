/** A mistyped name → the known ones that may have been meant. */

/** Two letters away at most, or begun with it. */
export function suggestionsFor(name: string, known: readonly string[]): string[] {
  const typed = name.toLowerCase();
  return known.filter((word) => distance(typed, word) <= 2 || (typed !== "" && word.startsWith(typed)));
}

/** Levenshtein's: how many letters to add, drop or replace. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replace = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
