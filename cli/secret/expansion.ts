/** A value with `$(command)` and `$NAME` in it → the value itself. What a command printed is never expanded again. */

/** A stretch of a value: literal text, or a command to run. */
export type Piece = { readonly text: string } | { readonly command: string };

/** Splits at `$(…)`; the parentheses inside must balance, or it is text. `\$(…)` is text without its backslash. */
export function splitAtCommands(value: string): Piece[] {
  const pieces: Piece[] = [];
  let text = "";
  const closing = closingParentheses(value);
  let at = 0;
  while (at < value.length) {
    const end = value.startsWith("$(", at) ? closing.get(at + 1) : undefined;
    if (end === undefined || end === at + 2) {
      text += value[at];
      at++;
      continue;
    }
    if (text.endsWith("\\")) {
      text = text.slice(0, -1) + value.slice(at, end + 1);
    } else {
      if (text !== "") pieces.push({ text });
      text = "";
      pieces.push({ command: value.slice(at + 2, end) });
    }
    at = end + 1;
  }
  if (text !== "") pieces.push({ text });
  return pieces;
}

/** The index of each parenthesis that is closed → of the one that closes it; `\(` and `\)` do not count. */
function closingParentheses(value: string): ReadonlyMap<number, number> {
  const closing = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (char === "\\" && (value[at + 1] === "(" || value[at + 1] === ")")) at++;
    else if (char === "(") open.push(at);
    else if (char === ")") {
      const opened = open.pop();
      if (opened !== undefined) closing.set(opened, at);
    }
  }
  return closing;
}

/** `$NAME` and `${NAME}` → their values, empty for unknown ones; `\$NAME` stays, without its backslash. No `:-` defaults. */
export function expandVariables(text: string, lookUp: (name: string) => string | undefined): string {
  return text.replaceAll(
    /(\\)?\$(?!\()(\{?)([A-Za-z0-9_]+)?(\}?)/g,
    (whole, escaped: string | undefined, _open, name?: string) => {
      if (escaped !== undefined) return whole.slice(1);
      return name === undefined ? whole : (lookUp(name) ?? "");
    },
  );
}

/** A line as a POSIX shell splits it into words, without any expansion. Throws RangeError for an open quote. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  const part = /\s+|'([^']*)'|"((?:\\[\s\S]|[^"\\])*)"|\\([\s\S])|([^\s'"\\]+)|([\s\S])/g;
  let current: string | undefined;
  for (const [whole, single, double, escaped, bare, broken] of line.matchAll(part)) {
    if (broken !== undefined) throw new RangeError("a quote is not closed");
    if (/^\s/.test(whole) && single === undefined && double === undefined && escaped === undefined) {
      if (current !== undefined) words.push(current);
      current = undefined;
      continue;
    }
    current =
      (current ?? "") +
      (single ?? double?.replaceAll(/\\([$`"\\\n])/g, "$1") ?? (escaped === "\n" ? "" : (escaped ?? bare)) ?? "");
  }
  if (current !== undefined) words.push(current);
  return words;
}
