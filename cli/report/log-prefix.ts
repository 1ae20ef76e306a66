/** Whose line it is: sources of logs in, a function that puts `host role | ` before a line out; one source needs none. */
import type { Terminal } from "./terminal.ts";
import { padded, widthOf } from "./text-width.ts";
import { inLine, painter } from "./words.ts";

export type NamedSource = { readonly host: string; readonly name: string };

const COLOURS = ["cyan", "yellow", "green", "magenta", "blue", "red"] as const;

/** Sources are told apart by host and name. */
export function logPrefix(sources: readonly NamedSource[], terminal: Terminal): (source: NamedSource) => string {
  if (sources.length < 2) return () => "";
  const paint = painter(terminal, terminal.stdout);
  const titles = [...new Set(sources.map(titleOf))];
  const width = Math.max(...titles.map(widthOf));
  const prefixes = new Map(
    titles.map((title, at) => [
      title,
      `${paint(COLOURS[at % COLOURS.length] ?? "cyan", `${padded(title, width)} |`)} `,
    ]),
  );
  return (source) => prefixes.get(titleOf(source)) ?? `${titleOf(source)} | `;
}

function titleOf({ host, name }: NamedSource): string {
  return `${inLine(host)} ${inLine(name)}`;
}
