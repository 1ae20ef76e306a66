/** The chunked coding (RFC 9112 §7.1), incrementally: wire bytes in, data bytes and at last the trailer section out. */
import { CR, hexDigit, LF, SP, TAB, VALUE_BYTE } from "./characters.ts";
import { Field } from "./field-names.ts";
import { FieldSection, INCOMPLETE } from "./field-section.ts";

const SIZE_FIRST = 0;
const SIZE = 1;
const SIZE_BLANK = 2;
const EXTENSION = 3;
const EXTENSION_QUOTED = 4;
const SIZE_LF = 5;
const DATA = 6;
const DATA_CR = 7;
const DATA_LF = 8;
const TRAILER = 9;
const DONE = 10;
const FAILED = 11;

/** 13 hexadecimal digits stay below 2^53. */
const MAX_SIZE_DIGITS = 13;
/** Chunk extensions are thrown away; more of them than this and half the data is an attack (CVE-2023-39326). */
const EXTENSION_ALLOWANCE = 16 * 1024;
const MAX_TRAILER_FIELDS = 100;

/**
 * Fields that frame, route, authenticate, cache or decode a message must not come in behind it (RFC 9110 §6.5.1). Every
 * name that the proxy itself acts upon is among them: only names that it does not know may pass.
 */
const FORBIDDEN_IN_TRAILERS =
  /^(authorization|cookie|set-cookie|www-authenticate|authentication-info|cache-control|expires|age|vary|pragma|range|if-.*|content-(encoding|range|type|location)|location|retry-after|max-forwards)$/i;

export class ChunkedDecoder {
  /** Bytes of the source that the last `decode` used up. */
  consumed = 0;
  /** The trailer lines that may travel on, as wire text (`Name: value\r\n…`); empty when there were none. */
  trailers = "";
  #state = SIZE_FIRST;
  #remaining = 0;
  #digits = 0;
  #extensionBytes = 0;
  #dataBytes = 0;
  #trailer: Buffer | null = null;
  #trailerLength = 0;
  readonly #maxTrailerBytes: number;

  constructor(maxTrailerBytes: number) {
    this.#maxTrailerBytes = maxTrailerBytes;
  }

  get done(): boolean {
    return this.#state === DONE;
  }

  get failed(): boolean {
    return this.#state === FAILED;
  }

  /**
   * Decodes `source[start..end)` into `into` from `at` on and returns how many data bytes it wrote; `into` must have
   * room for `end - start`. Stops after the message (`done`) or at the first byte that is not chunked coding (`failed`).
   */
  decode(source: Buffer, start: number, end: number, into: Buffer, at: number): number {
    let position = start;
    let written = at;
    while (position < end && this.#state < DONE) {
      if (this.#state === DATA) {
        const length = Math.min(this.#remaining, end - position);
        source.copy(into, written, position, position + length);
        written += length;
        position += length;
        this.#dataBytes += length;
        this.#remaining -= length;
        if (this.#remaining === 0) this.#state = DATA_CR;
      } else if (this.#state === TRAILER) {
        position = this.#takeTrailer(source, position, end);
      } else {
        this.#state = this.#step(source[position] as number);
        position++;
      }
    }
    this.consumed = position - start;
    return written - at;
  }

  #step(byte: number): number {
    switch (this.#state) {
      case SIZE_FIRST:
      case SIZE:
        return this.#sizeByte(byte);
      case SIZE_BLANK:
        // Blanks may only lead to an extension; a size line that ends in one is refused.
        if (byte === 0x3b) return EXTENSION;
        return (byte === SP || byte === TAB) && this.#chargeExtension() ? SIZE_BLANK : FAILED;
      case EXTENSION:
        if (byte === CR) return SIZE_LF;
        if (VALUE_BYTE[byte] === 0 || !this.#chargeExtension()) return FAILED;
        return byte === 0x22 ? EXTENSION_QUOTED : EXTENSION;
      case EXTENSION_QUOTED:
        if (VALUE_BYTE[byte] === 0 || !this.#chargeExtension()) return FAILED;
        return byte === 0x22 ? EXTENSION : EXTENSION_QUOTED;
      case SIZE_LF:
        if (byte !== LF) return FAILED;
        this.#digits = 0;
        return this.#remaining === 0 ? TRAILER : DATA;
      case DATA_CR:
        return byte === CR ? DATA_LF : FAILED;
      case DATA_LF:
        return byte === LF ? SIZE_FIRST : FAILED;
      default:
        return FAILED;
    }
  }

  #sizeByte(byte: number): number {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (this.#state === SIZE_FIRST) this.#remaining = 0;
      if (++this.#digits > MAX_SIZE_DIGITS) return FAILED;
      this.#remaining = this.#remaining * 16 + digit;
      return SIZE;
    }
    if (this.#state === SIZE_FIRST) return FAILED;
    if (byte === CR) return SIZE_LF;
    if (byte === 0x3b) return EXTENSION;
    return byte === SP || byte === TAB ? SIZE_BLANK : FAILED;
  }

  #chargeExtension(): boolean {
    return ++this.#extensionBytes <= EXTENSION_ALLOWANCE + this.#dataBytes / 2;
  }

  /** Gathers the trailer section until its empty line; returns the new position. */
  #takeTrailer(source: Buffer, start: number, end: number): number {
    if (this.#trailer === null) {
      // Nearly every message ends with the bare CRLF.
      if (end - start >= 2 && source[start] === CR && source[start + 1] === LF) {
        this.#state = DONE;
        return start + 2;
      }
      this.#trailer = Buffer.allocUnsafe(256);
    }
    let position = start;
    while (position < end && this.#state === TRAILER) {
      if (this.#trailerLength >= this.#maxTrailerBytes) {
        this.#state = FAILED;
        break;
      }
      if (this.#trailerLength === this.#trailer.length) {
        const larger = Buffer.allocUnsafe(this.#trailer.length * 2);
        this.#trailer.copy(larger, 0, 0, this.#trailerLength);
        this.#trailer = larger;
      }
      const byte = source[position++] as number;
      this.#trailer[this.#trailerLength++] = byte;
      if (byte !== LF) continue;
      if (this.#trailer[this.#trailerLength - 2] !== CR) this.#state = FAILED;
      else if (this.#endsWithEmptyLine()) this.#finishTrailer();
    }
    return position;
  }

  #endsWithEmptyLine(): boolean {
    const trailer = this.#trailer as Buffer;
    const length = this.#trailerLength;
    if (length === 2) return trailer[0] === CR;
    return length >= 4 && trailer[length - 2] === CR && trailer[length - 3] === LF && trailer[length - 4] === CR;
  }

  #finishTrailer(): void {
    const trailers = keptTrailers(this.#trailer as Buffer, this.#trailerLength, -1);
    this.#trailer = null;
    this.trailers = trailers ?? "";
    this.#state = trailers === null ? FAILED : DONE;
  }
}

/**
 * The lines of a trailer section (empty line included, `bytes[0..length)`) that may travel on, as wire text.
 * @param lines how many there must be; -1 for any number
 * @returns null when it is malformed
 */
export function keptTrailers(bytes: Buffer, length: number, lines: number): string | null {
  const fields = new FieldSection(MAX_TRAILER_FIELDS);
  fields.reset(0);
  const result = fields.scan(bytes, length);
  if (result === INCOMPLETE || result < 0) return null;
  if (lines !== -1 && (result !== length || fields.count !== lines)) return null;
  let kept = "";
  for (let index = 0; index < fields.count; index++) {
    if (fields.kept[index] === 0 || fields.ids[index] !== Field.Other) continue;
    const name = bytes.toString("latin1", fields.lineStart[index], fields.nameEnd[index]);
    if (FORBIDDEN_IN_TRAILERS.test(name)) continue;
    kept += bytes.toString("latin1", fields.lineStart[index], fields.lineEnd(index));
  }
  return kept;
}
