/** Columns and rows of text → an aligned table, with the original's colours where they are wanted. Source: §1.5. */

const HEADER = "\x1b[3;94m";
const FIRST_CELL = "\x1b[1;34m";
const CELL = "\x1b[m";
const RESET = "\x1b[0m";
const GAP = 2;

/** Every cell, the last of a row too, is padded to its column's widest plus two blanks, counted in bytes. */
export function formatTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  colours: boolean,
): string {
  const lines = [columns, ...rows];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => Buffer.byteLength(line[column] ?? ""))));
  return lines
    .map((line, index) => {
      const cells = line.map((text, column) => {
        const style = index === 0 ? HEADER : column === 0 ? FIRST_CELL : CELL;
        const padding = " ".repeat((widths[column] ?? 0) - Buffer.byteLength(text) + GAP);
        return (colours ? `${style}${text}${RESET}` : text) + padding;
      });
      return `${cells.join("")}\n`;
    })
    .join("");
}
