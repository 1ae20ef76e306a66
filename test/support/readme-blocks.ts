/** The shell blocks of a README as one script, with what it says one sees: lines that begin with an arrow. */

export type ShellBlocks = {
  /** For bash; what comes out is cut into parts by `partsOf`. */
  readonly script: string;
  /** Of each part, what it is to contain. */
  readonly expected: readonly string[];
};

const BLOCK = /^```(?:sh)?\n([^]*?)^```$/gm;
const ARROW = "# → ";
const MARK = "@@ so far @@";

/** Several arrows in a row are about the same lines. */
export function shellBlocks(readme: string): ShellBlocks {
  const expected: string[] = [];
  const lines = Array.from(readme.matchAll(BLOCK), ([, block = ""]) => block.split("\n")).flat();
  const script = lines.map((line) => {
    if (!line.startsWith(ARROW)) return line;
    expected.push(line.slice(ARROW.length));
    return `echo '${MARK}'`;
  });
  return { script: script.join("\n"), expected };
}

/** What was printed before each arrow, since the last one that anything was printed before. */
export function partsOf(printed: string): string[] {
  const parts = printed.split(`${MARK}\n`).slice(0, -1);
  return parts.map((part, at) => (part === "" ? (parts.slice(0, at).findLast((one) => one !== "") ?? "") : part));
}
