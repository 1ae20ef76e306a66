/** The head of a target's response: bytes → facts, or "not HTTP". As strict as the request side; the target is blamed. */
import type { Limits } from "../limits.ts";
import { CR, LF, SP, VALUE_BYTE } from "./characters.ts";
import { CONNECTION_CLOSE, CONNECTION_KEEP_ALIVE, readConnectionOptions } from "./connection-options.ts";
import { Field } from "./field-names.ts";
import { FieldSection, INCOMPLETE } from "./field-section.ts";
import { BAD_LENGTH, NO_LENGTH, parseContentLength } from "./message-length.ts";

/** The response is malformed: 502 to the client, and the connection is not used again. */
export const MALFORMED = -1;

const VERSION = Buffer.from("HTTP/1.");

/** One instance per thread: what it says holds until the next parse. Offsets are absolute in `bytes`. */
export class ResponseHead {
  readonly fields: FieldSection;
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  status = 0;
  minorVersion = 1;
  /** Reason phrase, `reasonStart` is the byte after the status code (SP or CR). */
  reasonStart = 0;
  reasonEnd = 0;
  /** Exact length, or -1: chunked, or until the connection closes. */
  contentLength: number = NO_LENGTH;
  chunked = false;
  connectionOptions = 0;
  upgrade = "";
  hasDate = false;
  /** Seconds that the target promises to keep an idle connection; 0 when it does not say. */
  keepAliveSeconds = 0;
  readonly #limits: Limits;
  #text = "";

  constructor(limits: Limits) {
    this.#limits = limits;
    this.fields = new FieldSection(limits.maxResponseFields);
  }

  /** True when the target will take another request on this connection. */
  get persistent(): boolean {
    return this.minorVersion === 1
      ? (this.connectionOptions & CONNECTION_CLOSE) === 0
      : (this.connectionOptions & (CONNECTION_CLOSE | CONNECTION_KEEP_ALIVE)) === CONNECTION_KEEP_ALIVE;
  }

  /** Parses one head at `start`. Returns the offset after it, `INCOMPLETE` or `MALFORMED`. */
  parse(bytes: Buffer, start: number, end: number): number {
    this.bytes = bytes;
    this.start = start;
    this.#text = "";
    const line = this.#parseStatusLine(bytes, start, end);
    if (line <= 0) return line;
    this.fields.reset(line);
    const result = this.fields.scan(bytes, end);
    if (result === INCOMPLETE) return end - start > this.#limits.maxResponseHeadBytes ? MALFORMED : INCOMPLETE;
    if (result < 0 || result - start > this.#limits.maxResponseHeadBytes) return MALFORMED;
    return this.#interpret() ? result : MALFORMED;
  }

  valueAt(index: number): string {
    return this.bytes.toString("latin1", this.fields.valueStart[index], this.fields.valueEnd[index]);
  }

  /** The value of the first field with this id, or undefined. */
  value(id: number): string | undefined {
    const { ids, count } = this.fields;
    for (let index = 0; index < count; index++) if (ids[index] === id) return this.valueAt(index);
    return undefined;
  }

  /** The values of all fields called `name` (lower case), joined with `,`. */
  valueOf(name: string): string | undefined {
    return this.fields.joinedValue(this.bytes, name);
  }

  #parseStatusLine(bytes: Buffer, start: number, end: number): number {
    const available = Math.min(end - start, VERSION.length);
    for (let index = 0; index < available; index++) if (bytes[start + index] !== VERSION[index]) return MALFORMED;
    if (end - start < 13) return INCOMPLETE;
    const minor = (bytes[start + 7] as number) - 0x30;
    if (minor < 0 || minor > 1 || bytes[start + 8] !== SP) return MALFORMED;
    let status = 0;
    for (let index = 9; index < 12; index++) {
      const digit = (bytes[start + index] as number) - 0x30;
      if (digit < 0 || digit > 9) return MALFORMED;
      status = status * 10 + digit;
    }
    if (status < 100 || (bytes[start + 12] !== SP && bytes[start + 12] !== CR)) return MALFORMED;
    let position = start + 12;
    while (position < end && VALUE_BYTE[bytes[position] as number] === 1) position++;
    if (position + 1 >= end) return position - start > this.#limits.maxResponseHeadBytes ? MALFORMED : INCOMPLETE;
    if (bytes[position] !== CR || bytes[position + 1] !== LF) return MALFORMED;
    this.status = status;
    this.minorVersion = minor;
    this.reasonStart = start + 12;
    this.reasonEnd = position;
    return position + 2;
  }

  #interpret(): boolean {
    const { fields } = this;
    let length = NO_LENGTH;
    let transferEncodings = 0;
    this.chunked = false;
    this.connectionOptions = 0;
    this.upgrade = "";
    this.hasDate = false;
    this.keepAliveSeconds = 0;
    for (let index = 0; index < fields.count; index++) {
      switch (fields.ids[index] as number) {
        case Field.Other:
          break;
        case Field.ContentLength: {
          const value = parseContentLength(
            this.bytes,
            fields.valueStart[index] as number,
            fields.valueEnd[index] as number,
          );
          if (value === BAD_LENGTH || (length !== NO_LENGTH && length !== value)) return false;
          length = value;
          break;
        }
        case Field.TransferEncoding:
          transferEncodings++;
          this.chunked = this.valueAt(index).toLowerCase() === "chunked";
          break;
        case Field.Connection:
          this.connectionOptions = readConnectionOptions(
            this.valueAt(index),
            this.connectionOptions,
            fields,
            this.#wholeText(),
            this.start,
          );
          break;
        case Field.KeepAlive:
          this.keepAliveSeconds = Number(/timeout=(\d{1,6})/i.exec(this.valueAt(index))?.[1] ?? 0);
          break;
        case Field.Upgrade:
          this.upgrade = this.valueAt(index);
          break;
        case Field.Date:
          this.hasDate = true;
          break;
        default:
      }
    }
    // A length beside a coding, or a coding that we cannot see through: where the message ends is anybody's guess.
    if (transferEncodings > 0 && (transferEncodings > 1 || !this.chunked || length !== NO_LENGTH)) return false;
    if (transferEncodings > 0 && this.minorVersion === 0) return false;
    this.contentLength = length;
    return true;
  }

  #wholeText(): string {
    if (this.#text === "") this.#text = this.bytes.toString("latin1", this.start, this.fields.next);
    return this.#text;
  }
}
