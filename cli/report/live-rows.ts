/** What goes on, on each host → rows that fit into a terminal: spinner, host, step, its last word, and the time it takes. */
import type { HostRow } from "./live-state.ts";
import { fitted, padded, widthOf } from "./text-width.ts";
import { inLine, type Paint, wholeSeconds } from "./words.ts";

const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const MAX_HOST_COLUMNS = 30;
/** Below this there is no room for columns. */
const LEAST_TEXT_COLUMNS = 8;

export type TerminalSize = { readonly columns: number; readonly rows: number };

export function liveRows(rows: readonly HostRow[], size: TerminalSize, frame: number, paint: Paint): string[] {
  // One line is kept for the cursor, one for what is left out.
  const shown = rows.slice(0, Math.max(1, size.rows - 2));
  const hostColumns = Math.min(MAX_HOST_COLUMNS, Math.max(0, ...shown.map(({ host }) => widthOf(inLine(host)))));
  // The last column stays empty: a full one would break the line.
  const columns = Math.max(1, size.columns - 1);
  const spinner = SPINNER[frame % SPINNER.length] ?? "";
  const texts = shown.map((row) => rowText(row, spinner, hostColumns, columns, paint));
  const more = rows.length - shown.length;
  return more === 0 ? texts : [...texts, paint("dim", fitted(`  … and ${more} more`, columns))];
}

function rowText(
  { host, title, now, startedAtMs }: HostRow,
  spinner: string,
  hostColumns: number,
  columns: number,
  paint: Paint,
): string {
  const time = `  ${wholeSeconds(performance.now() - startedAtMs)}`;
  const space = columns - widthOf(spinner) - hostColumns - 3 - widthOf(time);
  if (space < LEAST_TEXT_COLUMNS) return fitted(`${spinner} ${inLine(host)} ${inLine(title)}`, columns);
  const name = padded(fitted(inLine(host), hostColumns), hostColumns);
  const step = fitted(inLine(title), space);
  const left = space - widthOf(step) - 2;
  const last = now === "" || left < LEAST_TEXT_COLUMNS ? "" : `  ${fitted(inLine(now), left)}`;
  return `${spinner} ${paint("blue", name)}  ${step}${paint("dim", last + time)}`;
}
