/** How lines are put together: words and parts in, one line of POSIX shell out. Source: cli-docker-commands §1. */
import { quote, quoteLive } from "./shell.ts";

/** No shell finds a meaning in these. */
const PLAIN = /^[\w@%+=:,./-]+$/;
/** The same, and variables of the server: `$PWD/data`, `~/data`. */
const PLAIN_LIVE = /^(?:[\w@%+=:,./~-]|\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\})+$/;
/** First words that go without the prefix; all but docker are the shell's own. */
const BARE: ReadonlySet<string> = new Set(["docker", "if", "test", "time", "exec"]);

export type Part = string | undefined | readonly string[];

/** Parts with blanks between them; what is undefined or empty is left out. */
export function joined(...parts: readonly Part[]): string {
  return parts
    .flat()
    .filter((part) => part !== undefined && part !== "")
    .join(" ");
}

/** A line that begins with a program: `/usr/bin/env` finds it past the aliases of a login shell. */
export function program(...parts: readonly Part[]): string {
  const text = joined(...parts);
  return BARE.has(text.split(" ", 1)[0] ?? "") ? text : `/usr/bin/env ${text}`;
}

/** One word: as it is when the shell reads it so, quoted otherwise. */
export function word(text: string): string {
  return PLAIN.test(text) ? text : quote(text);
}

/** One word in which `$NAME` and `${NAME}` are the server's. */
export function liveWord(text: string): string {
  return PLAIN_LIVE.test(text) ? text : quoteLive(text.replace(/\$([A-Za-z_]\w*)/g, "${$1}"));
}

/** Several words from one text, as options from the command line come; none of them can end the line. */
export function words(text: string): string[] {
  return text
    .split(/\s+/)
    .filter((part) => part !== "")
    .map(word);
}

/** `echo TEXT` that prints TEXT and nothing else, in every shell: some of them read backslashes. */
export function echo(text: string): string {
  const literal = text.includes("${") ? quote(text) : quoteLive(text);
  return text.includes("\\") || text.startsWith("-") ? `printf '%s\\n' ${literal}` : `echo ${literal}`;
}

/** `( export NAME="value" ; LINE )`. The values are on the command line: secrets go through `withExports`. */
export function withEnv(values: Readonly<Record<string, string>>, text: string): string {
  const exports = Object.entries(values).map(([name, value]) => `${name}=${quoteLive(value)}`);
  return exports.length === 0 ? text : `( export ${exports.join(" ")} ; ${text} )`;
}
