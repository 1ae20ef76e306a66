/** Strings that shells are known to stumble over, and what a shell makes of a list of words. */
import { execFileSync } from "node:child_process";
import * as fc from "fast-check";

/** How many strings the property tests try: a few thousand, or what SHELL_STRINGS says (CI: 100000). */
export const STRINGS = Number(process.env["SHELL_STRINGS"] ?? 2_000);

const PIECES = [
  "'",
  '"',
  "\\",
  "$",
  "`",
  "!",
  "*",
  "?",
  "~",
  "#",
  "&",
  ";",
  "|",
  "<",
  ">",
  "(",
  ")",
  "{",
  "}",
  "[",
  "]",
  "%",
  "=",
  "^",
  " ",
  "\t",
  "\n",
  "\r",
];
const WORDS = [
  "$(id)",
  "`id`",
  "${x}",
  "${HOME}",
  "$HOME",
  "$1",
  "$$",
  "\\n",
  "#{x}",
  "-n",
  "--",
  "'\\''",
  "\u0007",
  "\u001b[31m",
  "é",
  "🦊",
  "\u2028",
  "\u00a0",
];

/** Any text without NUL and lone surrogates, rich in what is special to a shell. */
export const shellText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...PIECES, ...WORDS) },
      fc.string({ unit: "binary", maxLength: 6 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join("").replaceAll("\0", ""))
  .filter((text) => text.isWellFormed());

/** A line that writes each of its words with NUL behind it. */
export function printLine(words: readonly string[]): string {
  return `printf '%s\\0' ${words.join(" ")}`;
}

export function wordsOf(output: Uint8Array): string[] {
  return Buffer.from(output).toString("utf8").split("\0").slice(0, -1);
}

/** What `/bin/sh` makes of words, in batches that fit a command line. */
export function throughShell(words: readonly string[], env: NodeJS.ProcessEnv = {}, shell = "/bin/sh"): string[] {
  const seen: string[] = [];
  for (let at = 0; at < words.length; at += 200) {
    const line = printLine(words.slice(at, at + 200));
    seen.push(
      ...wordsOf(
        execFileSync(shell, ["-c", line], {
          env: { PATH: process.env["PATH"] ?? "", ...env },
          maxBuffer: 64 * 1024 * 1024,
        }),
      ),
    );
  }
  return seen;
}
