/** Glob patterns as `--hosts` and `--roles` take them: `*`, `?`, `[a-z]`, `[!a]`, `{a,b}`. A pattern and names in, the names that match out. */

/** The patterns of a list; commas within braces are the pattern's own. */
export function patternsIn(list: string): string[] {
  const patterns: string[] = [];
  let depth = 0;
  let current = "";
  for (const char of list) {
    if (char === "," && depth === 0) {
      patterns.push(current);
      current = "";
      continue;
    }
    if (char === "{") depth += 1;
    if (char === "}") depth = Math.max(0, depth - 1);
    current += char;
  }
  return [...patterns, current].map((pattern) => pattern.trim()).filter((pattern) => pattern !== "");
}

/** By pattern first, then in the order of the names; each name once. A name that reads like a pattern, `[::1]`, is itself too. */
export function matching(patterns: readonly string[], names: readonly string[]): string[] {
  const found = patterns.flatMap((pattern) => {
    const alternatives = expanded(pattern).map(tokensOf);
    return names.filter((name) => name === pattern || alternatives.some((tokens) => matches(tokens, name)));
  });
  return [...new Set(found)];
}

const MAX_ALTERNATIVES = 256;

/** `a{b,c}d` → `abd`, `acd`; braces without a counterpart are characters. */
function expanded(pattern: string): string[] {
  let pending = [pattern];
  // Each round takes the innermost pair of braces of every alternative.
  for (;;) {
    let changed = false;
    pending = pending.flatMap((one) => {
      const match = /\{([^{}]*)\}/.exec(one);
      if (match === null) return [one];
      changed = true;
      const [braces, inside = ""] = match;
      const [before, after] = [one.slice(0, match.index), one.slice(match.index + braces.length)];
      return inside.split(",").map((choice) => `${before}${choice}${after}`);
    });
    if (!changed || pending.length > MAX_ALTERNATIVES) return pending.slice(0, MAX_ALTERNATIVES);
  }
}

type Token = "star" | ((char: string) => boolean);

function tokensOf(pattern: string): Token[] {
  return [...pattern.matchAll(/\*+|\?|\[([!^])?([^\]]+)\]|[^]/gu)].map(([text, negation, set]) => {
    if (text.startsWith("*")) return "star";
    if (text === "?") return () => true;
    if (set === undefined) return (char) => char === text;
    const ranges = [...set.matchAll(/([^])-([^])|([^])/gu)];
    const inSet = (char: string) =>
      ranges.some(([, from, to, one]) =>
        from === undefined || to === undefined ? char === one : from <= char && char <= to,
      );
    return (char) => inSet(char) === (negation === undefined);
  });
}

/** Goes back to the last star only, so the time is at most the product of the lengths. */
function matches(tokens: readonly Token[], name: string): boolean {
  const chars = Array.from(name);
  let token = 0;
  let at = 0;
  let afterStar: { token: number; at: number } | undefined;
  while (at < chars.length) {
    const current = tokens[token];
    if (current === "star") {
      token += 1;
      afterStar = { token, at };
    } else if (current?.(chars[at] ?? "") === true) {
      token += 1;
      at += 1;
    } else if (afterStar === undefined) {
      return false;
    } else {
      afterStar.at += 1;
      ({ token, at } = afterStar);
    }
  }
  return tokens.slice(token).every((rest) => rest === "star");
}
