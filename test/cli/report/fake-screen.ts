/** A terminal's screen for tests: what is written to it in, the rows that a person sees out. Breaks long lines, and anew on resize. */
import { EventEmitter } from "node:events";

type Row = { text: string[] /** Goes on from the row above. */; continued: boolean };

export class FakeScreen extends EventEmitter {
  readonly isTTY = true;
  columns: number;
  rows: number;
  cursorVisible = true;
  /** Number of writes: frames. */
  writes = 0;
  raw = "";
  #lines: Row[] = [{ text: [], continued: false }];
  #x = 0;
  #y = 0;

  constructor(columns = 80, rows = 24) {
    super();
    this.columns = columns;
    this.rows = rows;
  }

  /** With the scrollback, without trailing blanks. */
  get lines(): string[] {
    const lines = this.#lines.map(({ text }) =>
      Array.from(text, (char) => char ?? " ")
        .join("")
        .trimEnd(),
    );
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  resize(columns: number, rows = this.rows): void {
    const logical: string[][] = [];
    let cursor = 0;
    for (const [at, { text, continued }] of this.#lines.entries()) {
      if (continued) logical.at(-1)?.push(...text);
      else logical.push([...text]);
      if (at === this.#y) cursor = logical.length - 1;
    }
    this.columns = columns;
    this.rows = rows;
    this.#lines = [];
    for (const [at, chars] of logical.entries()) {
      if (at === cursor) this.#y = this.#lines.length;
      for (let from = 0; from === 0 || from < chars.length; from += columns) {
        this.#lines.push({ text: chars.slice(from, from + columns), continued: from > 0 });
      }
    }
    this.#x = 0;
    this.emit("resize");
  }

  write(data: string | Uint8Array): void {
    this.writes += 1;
    const text = typeof data === "string" ? data : Buffer.from(data).toString();
    this.raw += text;
    for (const token of text.match(/\u001b\[[0-9;?]*[A-Za-z]|[\s\S]/gu) ?? []) this.#take(token);
  }

  #take(token: string): void {
    if (token === "\r") this.#x = 0;
    else if (token === "\n") this.#newLine(false);
    else if (!token.startsWith("\u001b")) this.#put(token);
    else if (token === "\u001b[?25l") this.cursorVisible = false;
    else if (token === "\u001b[?25h") this.cursorVisible = true;
    else if (token === "\u001b[K") this.#row().text.length = Math.min(this.#row().text.length, this.#x);
    else if (token === "\u001b[J") {
      this.#row().text.length = Math.min(this.#row().text.length, this.#x);
      this.#lines.length = this.#y + 1;
    } else if (token.endsWith("A")) {
      // No further than the top of what is visible.
      const top = Math.max(0, this.#lines.length - this.rows);
      this.#y = Math.max(top, this.#y - Number(token.slice(2, -1) || 1));
    } else if (!/[mhl]$/.test(token)) throw new Error(`the fake screen does not know ${JSON.stringify(token)}`);
  }

  #put(char: string): void {
    if (this.#x >= this.columns) this.#newLine(true);
    this.#row().text[this.#x] = char;
    this.#x += 1;
  }

  #newLine(continued: boolean): void {
    this.#y += 1;
    this.#x = 0;
    if (this.#y === this.#lines.length) this.#lines.push({ text: [], continued });
  }

  #row(): Row {
    return this.#lines[this.#y] as Row;
  }
}
