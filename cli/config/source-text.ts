/** A rendered file and the way back from its characters to the lines and columns of the file on disk. */
import type { Position } from "../errors.ts";

/** A stretch of the rendered text: copied from the source, or put there by the template tag at `sourceOffset`. */
export interface Segment {
  readonly offset: number;
  readonly sourceOffset: number;
  readonly copied: boolean;
}

export class SourceText {
  readonly file: string;
  /** What the YAML parser is given. */
  readonly text: string;
  readonly #segments: readonly Segment[];
  readonly #lineStarts: readonly number[];

  /** `segments` are in ascending order of `offset` and begin at 0. */
  constructor(file: string, source: string, text: string, segments: readonly Segment[]) {
    this.file = file;
    this.text = text;
    this.#segments = segments;
    this.#lineStarts = lineStartsOf(source);
  }

  /** Where the character at `offset` of the rendered text was written. */
  positionAt(offset: number): Position {
    const segment =
      this.#segments[lastAtOrBefore(this.#segments.length, offset, (i) => this.#segments[i]?.offset ?? 0)];
    const from = segment?.sourceOffset ?? 0;
    const sourceOffset = segment?.copied === false ? from : from + offset - (segment?.offset ?? 0);
    return positionIn(this.file, this.#lineStarts, sourceOffset);
  }
}

/** Where the character at `offset` of a text stands. */
export function positionInText(file: string, text: string, offset: number): Position {
  return positionIn(file, lineStartsOf(text), offset);
}

function positionIn(file: string, lineStarts: readonly number[], offset: number): Position {
  const line = lastAtOrBefore(lineStarts.length, offset, (i) => lineStarts[i] ?? 0);
  return { file, line: line + 1, column: offset - (lineStarts[line] ?? 0) + 1 };
}

function lineStartsOf(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** Binary search: the last index whose number does not exceed `wanted`. */
function lastAtOrBefore(length: number, wanted: number, numberAt: (index: number) => number): number {
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (numberAt(middle) <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}
