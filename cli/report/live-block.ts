/** A few rows at the bottom of a terminal that are drawn anew over themselves, and lines above that stay. */
import type { OutputStream } from "./terminal.ts";
import { widthOf } from "./text-width.ts";

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
/** Terminals that know it show a frame at once; the others ignore it. */
const BEGIN_FRAME = "\u001b[?2026h";
const END_FRAME = "\u001b[?2026l";
const ERASE_TO_LINE_END = "\u001b[K";
const ERASE_BELOW = "\u001b[J";

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

export class LiveBlock {
  readonly #stream: OutputStream;
  /** As drawn last; the cursor is at the beginning of the line below. */
  #drawn: readonly string[] = [];

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  get columns(): number {
    return this.#stream.columns || DEFAULT_COLUMNS;
  }

  get rows(): number {
    return this.#stream.rows || DEFAULT_ROWS;
  }

  /** In one write: `lines`, which stay, then `block` in place of the one before. Its rows fit into the terminal. */
  draw(lines: readonly string[], block: readonly string[]): void {
    if (lines.length === 0 && block.length === 0 && this.#drawn.length === 0) return;
    const hide = this.#drawn.length === 0 && block.length > 0 ? HIDE_CURSOR : "";
    const show = this.#drawn.length > 0 && block.length === 0 ? SHOW_CURSOR : "";
    // A line of the full width must not have its last letter erased: what was there goes first.
    const stay = lines.map((line) => `${ERASE_TO_LINE_END}${line}\n`).join("");
    const rows = block.map((row) => `${row}${ERASE_TO_LINE_END}\n`).join("");
    this.#stream.write(`${BEGIN_FRAME}${hide}${this.#toTop()}${stay}${rows}${ERASE_BELOW}${show}${END_FRAME}`);
    this.#drawn = block;
  }

  /** A terminal that became narrower has broken the rows that were there into more. */
  #toTop(): string {
    const columns = this.columns;
    const up = this.#drawn.reduce((sum, row) => sum + Math.max(1, Math.ceil(widthOf(row) / columns)), 0);
    return up === 0 ? "" : `\r\u001b[${Math.min(up, this.rows - 1)}A`;
  }
}
