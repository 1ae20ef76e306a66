/** A section of field lines (of a head or of trailers): bytes in, offsets and known ids out. Strict RFC 9112 §5. */
import { COLON, CR, FOLDED_TOKEN, LF, SP, TAB, VALUE_BYTE } from "./characters.ts";
import { Field, fieldId, HASH_SEED, isAlias } from "./field-names.ts";

/** The section is not complete yet. */
export const INCOMPLETE = 0;

const MAX_NAME_BYTES = 256;
const FIRST_CAPACITY = 32;

/**
 * Offsets are absolute within the buffer that was scanned. `kept[i]` starts as 1 and is cleared for lines that must not
 * travel on. An instance is reused from message to message: what it says holds until the next `reset`.
 */
export class FieldSection {
  count = 0;
  ids = new Uint8Array(FIRST_CAPACITY);
  kept = new Uint8Array(FIRST_CAPACITY);
  lineStart = new Int32Array(FIRST_CAPACITY);
  nameEnd = new Int32Array(FIRST_CAPACITY);
  valueStart = new Int32Array(FIRST_CAPACITY);
  valueEnd = new Int32Array(FIRST_CAPACITY);
  /** Where the next unscanned line starts; for a complete section, the byte after the empty line. */
  next = 0;
  readonly #maxFields: number;

  constructor(maxFields: number) {
    this.#maxFields = maxFields;
  }

  reset(start: number): void {
    this.count = 0;
    this.next = start;
  }

  /**
   * Scans lines from `next` up to `end`. Returns the offset after the empty line, `INCOMPLETE`, or the negative of an
   * HTTP status: -400 for a malformed line, -431 for too many fields or too long a name. After `INCOMPLETE` it can be
   * called again with more bytes at the same offsets.
   */
  scan(bytes: Uint8Array, end: number): number {
    let lineStart = this.next;
    for (;;) {
      let position = lineStart;
      if (position >= end) return INCOMPLETE;
      let byte = bytes[position] as number;
      if (byte === CR) {
        if (position + 1 >= end) return INCOMPLETE;
        if (bytes[position + 1] !== LF) return -400;
        this.next = position + 2;
        return this.next;
      }

      let hash = HASH_SEED;
      let folded = FOLDED_TOKEN[byte] as number;
      while (folded !== 0) {
        hash = (Math.imul(hash, 31) + folded) | 0;
        if (++position >= end) return position - lineStart > MAX_NAME_BYTES ? -431 : INCOMPLETE;
        byte = bytes[position] as number;
        folded = FOLDED_TOKEN[byte] as number;
      }
      if (byte !== COLON || position === lineStart) return -400;
      if (position - lineStart > MAX_NAME_BYTES) return -431;
      const nameEnd = position;

      do {
        if (++position >= end) return INCOMPLETE;
        byte = bytes[position] as number;
      } while (byte === SP || byte === TAB);
      const valueStart = position;

      // Four bytes a turn: this loop sees most of the bytes of a head.
      while (
        position + 4 <= end &&
        VALUE_BYTE[bytes[position] as number] === 1 &&
        VALUE_BYTE[bytes[position + 1] as number] === 1 &&
        VALUE_BYTE[bytes[position + 2] as number] === 1 &&
        VALUE_BYTE[bytes[position + 3] as number] === 1
      ) {
        position += 4;
      }
      while (position < end && VALUE_BYTE[bytes[position] as number] === 1) position++;
      if (position >= end) return INCOMPLETE;
      if (bytes[position] !== CR) return -400;
      if (position + 1 >= end) return INCOMPLETE;
      if (bytes[position + 1] !== LF) return -400;
      let valueEnd = position;
      while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1] as number)) valueEnd--;

      if (this.count >= this.#maxFields) return -431;
      this.#add(bytes, lineStart, nameEnd, hash, valueStart, valueEnd);
      lineStart = position + 2;
      this.next = lineStart;
    }
  }

  /** The end of line `index`, after its CRLF. */
  lineEnd(index: number): number {
    // The next line starts there; the last one is followed by the empty line.
    return index + 1 < this.count ? (this.lineStart[index + 1] as number) : this.next - 2;
  }

  /** The values of all fields called `name` (lower case) that travel on; undefined when there is none. */
  joinedValue(bytes: Buffer, name: string, separator = ","): string | undefined {
    let found: string | undefined;
    for (let index = 0; index < this.count; index++) {
      if (this.kept[index] === 0 || !this.isNamed(bytes, index, name)) continue;
      const value = bytes.toString("latin1", this.valueStart[index], this.valueEnd[index]);
      found = found === undefined ? value : `${found}${separator}${value}`;
    }
    return found;
  }

  /** True when line `index` is called `name` (lower case). */
  isNamed(bytes: Buffer, index: number, name: string): boolean {
    const start = this.lineStart[index] as number;
    const end = this.nameEnd[index] as number;
    return end - start === name.length && bytes.toString("latin1", start, end).toLowerCase() === name;
  }

  /** Clears `kept` for every line called `name` (lower case). */
  drop(bytes: Buffer, name: string): void {
    for (let index = 0; index < this.count; index++) if (this.isNamed(bytes, index, name)) this.kept[index] = 0;
  }

  /** Clears `kept` for what is called `name` but for `_` or `.` in place of `-`: servers take it for the same name. */
  dropAliases(bytes: Buffer, name: string): void {
    for (let index = 0; index < this.count; index++) {
      if (!this.isNamed(bytes, index, name) && this.#isFolded(bytes, index, name)) this.kept[index] = 0;
    }
  }

  #isFolded(bytes: Buffer, index: number, name: string): boolean {
    const start = this.lineStart[index] as number;
    if ((this.nameEnd[index] as number) - start !== name.length) return false;
    for (let at = 0; at < name.length; at++) {
      if (FOLDED_TOKEN[bytes[start + at] as number] !== FOLDED_TOKEN[name.charCodeAt(at)]) return false;
    }
    return true;
  }

  #add(
    bytes: Uint8Array,
    lineStart: number,
    nameEnd: number,
    hash: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    const index = this.count;
    if (index === this.ids.length) this.#grow();
    let id = fieldId(bytes, lineStart, nameEnd, hash);
    let kept = 1;
    if (id !== Field.Other && isAlias(bytes, lineStart, id)) {
      id = Field.Other;
      kept = 0;
    }
    this.ids[index] = id;
    this.kept[index] = kept;
    this.lineStart[index] = lineStart;
    this.nameEnd[index] = nameEnd;
    this.valueStart[index] = valueStart;
    this.valueEnd[index] = valueEnd;
    this.count = index + 1;
  }

  #grow(): void {
    const capacity = this.ids.length * 2;
    this.ids = widened(this.ids, new Uint8Array(capacity));
    this.kept = widened(this.kept, new Uint8Array(capacity));
    this.lineStart = widened(this.lineStart, new Int32Array(capacity));
    this.nameEnd = widened(this.nameEnd, new Int32Array(capacity));
    this.valueStart = widened(this.valueStart, new Int32Array(capacity));
    this.valueEnd = widened(this.valueEnd, new Int32Array(capacity));
  }
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === TAB;
}

function widened<T extends Uint8Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
