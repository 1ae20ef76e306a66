/** A line that the builders made → its words as a server's shell would hand them on: what is on the servers is compared with them. */

export type Word = {
  readonly text: string;
  /** What only the server's shell knows is in it, such as a variable: then `text` is not what arrives. */
  readonly live: boolean;
};

/** Characters that mean something to a shell outside of quotes. */
const MEANING = /[$`*?[\](){}<>|&;]/;
const KNOWN_VARIABLE = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/;

/** `variables` are those of the server that are known here; any other makes its word live. */
export function wordsOf(line: string, variables: Readonly<Record<string, string>> = {}): Word[] {
  const words: Word[] = [];
  let at = 0;
  let text: string | undefined;
  let live = false;
  const add = (more: string): void => void (text = (text ?? "") + more);
  const end = (): void => {
    if (text !== undefined) words.push({ text, live });
    text = undefined;
    live = false;
  };
  /** @returns whether it was a variable */
  const variable = (): boolean => {
    const match = KNOWN_VARIABLE.exec(line.slice(at));
    const value = variables[match?.[1] ?? match?.[2] ?? ""];
    if (match === null || value === undefined) return false;
    add(value);
    at += match[0].length;
    return true;
  };
  while (at < line.length) {
    const here = line.charAt(at);
    if (/\s/.test(here)) {
      end();
      at += 1;
    } else if (here === "'") {
      const close = line.indexOf("'", at + 1);
      add(line.slice(at + 1, close === -1 ? line.length : close));
      at = close === -1 ? line.length : close + 1;
    } else if (here === "\\") {
      add(line.charAt(at + 1));
      at += 2;
    } else if (here === '"') {
      add("");
      at += 1;
      while (at < line.length && line.charAt(at) !== '"') {
        const inside = line.charAt(at);
        if (inside === "\\" && /[$`"\\\n]/.test(line.charAt(at + 1))) {
          add(line.charAt(at + 1));
          at += 2;
        } else if (inside !== "$" || !variable()) {
          live ||= inside === "$" || inside === "`";
          add(inside);
          at += 1;
        }
      }
      at += 1;
    } else if (here === "~" && text === undefined && variables["HOME"] !== undefined) {
      add(variables["HOME"]);
      at += 1;
    } else if (here !== "$" || !variable()) {
      live ||= MEANING.test(here) || (here === "~" && text === undefined);
      add(here);
      at += 1;
    }
  }
  end();
  return words;
}
