/** The head of a request: bytes → facts, or the status that refuses it. Strict RFC 9112 §2–3, 6; one view for everybody. */
import type { Limits } from "../limits.ts";
import { hostOfAuthority } from "./authority.ts";
import { CR, FOLDED_TOKEN, LF, SP, TARGET_BYTE } from "./characters.ts";
import {
  CONNECTION_CLOSE,
  CONNECTION_KEEP_ALIVE,
  CONNECTION_UPGRADE,
  readConnectionOptions,
} from "./connection-options.ts";
import { Field } from "./field-names.ts";
import { FieldSection, INCOMPLETE } from "./field-section.ts";
import { BAD_LENGTH, NO_LENGTH, parseContentLength } from "./message-length.ts";

const MAX_METHOD_BYTES = 32;

/**
 * One instance is reused for every request whose head arrives in one piece. Offsets are absolute in `bytes`, `text` is
 * the latin1 text of the whole head, beginning at `start`.
 */
export class RequestHead {
  readonly fields: FieldSection;
  bytes: Buffer = Buffer.alloc(0);
  text = "";
  start = 0;
  /** First byte of the first field line. */
  fieldsStart = 0;
  /** First byte after the head. */
  end = 0;

  method = "";
  minorVersion = 1;
  /** The path and query to match and to forward: the same bytes, `pathStart ≤ queryStart ≤ targetEnd`. */
  pathStart = 0;
  /** Position of `?`, or `targetEnd`. */
  queryStart = 0;
  targetEnd = 0;
  /** `*`, as in `OPTIONS *`. */
  asterisk = false;
  /** Absolute-form with an empty path: a `/` has to be supplied. */
  emptyPath = false;
  absoluteForm = false;
  /** `%`, `\` or a segment that starts with a dot is in the target: matching has to look closer. */
  unusualPath = false;

  /** The authority as sent (Host, or the absolute form's); empty for HTTP/1.0 without Host. */
  authority = "";
  /** Folded for routing. */
  host = "";

  /** Bytes of body: exact, 0, or -1 when `chunked`. */
  contentLength = 0;
  hasContentLength = false;
  chunked = false;
  connectionOptions = 0;
  upgrade = "";
  expectContinue = false;
  acceptsTrailers = false;

  readonly #limits: Limits;
  #lineDone = false;
  // A client asks for the same host again and again: fold it once.
  #lastAuthority = "";
  #lastHost = "";

  constructor(limits: Limits) {
    this.#limits = limits;
    this.fields = new FieldSection(limits.maxRequestFields);
  }

  reset(start: number): void {
    this.start = start;
    this.#lineDone = false;
  }

  get keepAlive(): boolean {
    return this.minorVersion === 1
      ? (this.connectionOptions & CONNECTION_CLOSE) === 0
      : (this.connectionOptions & (CONNECTION_CLOSE | CONNECTION_KEEP_ALIVE)) === CONNECTION_KEEP_ALIVE;
  }

  /**
   * Parses from where the last call stopped. Returns the offset of the first byte after the head, `INCOMPLETE`, or the
   * negative of the status to answer with. `bytes` may be another buffer than last time if it holds the same bytes at
   * the same offsets.
   */
  parse(bytes: Buffer, end: number): number {
    this.bytes = bytes;
    if (!this.#lineDone) {
      const result = this.#parseRequestLine(bytes, end);
      if (result <= 0) return result === INCOMPLETE ? this.#tooLong(end) : result;
      this.fieldsStart = result;
      this.fields.reset(result);
      this.#lineDone = true;
    }
    const result = this.fields.scan(bytes, end);
    if (result === INCOMPLETE) return this.#tooLong(end);
    if (result < 0) return result;
    if (result - this.start > this.#limits.maxRequestHeadBytes) return -431;
    this.end = result;
    this.text = bytes.toString("latin1", this.start, result);
    const refusal = this.#interpret();
    return refusal === 0 ? result : -refusal;
  }

  /** The text between two absolute offsets. */
  slice(start: number, end: number): string {
    return this.text.slice(start - this.start, end - this.start);
  }

  /** The value of the first field with this id, or undefined. */
  value(id: number): string | undefined {
    const { ids, count } = this.fields;
    for (let index = 0; index < count; index++) if (ids[index] === id) return this.valueAt(index);
    return undefined;
  }

  valueAt(index: number): string {
    return this.slice(this.fields.valueStart[index] as number, this.fields.valueEnd[index] as number);
  }

  #tooLong(end: number): number {
    if (end - this.start <= this.#limits.maxRequestHeadBytes) return INCOMPLETE;
    return this.#lineDone ? -431 : -414;
  }

  #parseRequestLine(bytes: Buffer, end: number): number {
    let position = this.start;
    while (position < end && FOLDED_TOKEN[bytes[position] as number] !== 0) position++;
    const methodLength = position - this.start;
    if (methodLength > MAX_METHOD_BYTES) return -400;
    if (position >= end) return INCOMPLETE;
    if (bytes[position] !== SP || methodLength === 0) return -400;
    const targetStart = position + 1;

    position = targetStart;
    let question = 0;
    let unusual = false;
    for (; position < end; position++) {
      const byte = bytes[position] as number;
      if (TARGET_BYTE[byte] === 0) break;
      if (byte === 0x3f) {
        if (question === 0) question = position;
      } else if (byte === 0x25 || byte === 0x5c || (byte === 0x2e && bytes[position - 1] === 0x2f)) {
        if (question === 0) unusual = true;
      }
    }
    if (position - targetStart > this.#limits.maxTargetBytes) return -414;
    if (position >= end) return INCOMPLETE;
    if (bytes[position] !== SP || position === targetStart) return -400;
    const targetEnd = position;

    const version = parseVersion(bytes, targetEnd + 1, end);
    if (version <= 0) return version;
    this.minorVersion = (bytes[targetEnd + 8] as number) - 0x30;
    this.method = methodText(bytes, this.start, methodLength);
    this.pathStart = targetStart;
    this.targetEnd = targetEnd;
    this.queryStart = question === 0 ? targetEnd : question;
    this.unusualPath = unusual;
    this.absoluteForm = false;
    this.emptyPath = false;
    this.asterisk = false;
    this.authority = "";
    const refusal = this.#readTarget(bytes, targetStart);
    return refusal === 0 ? version : -refusal;
  }

  #readTarget(bytes: Buffer, targetStart: number): number {
    if (this.method === "CONNECT" || this.method === "TRACE") return 501;
    if (bytes[targetStart] === 0x2f) return 0;
    if (this.targetEnd - targetStart === 1 && bytes[targetStart] === 0x2a) {
      this.asterisk = true;
      return this.method === "OPTIONS" ? 0 : 400;
    }
    const target = bytes.toString("latin1", targetStart, this.targetEnd);
    const match = /^https?:\/\/([^/?]*)/i.exec(target);
    if (!match?.[1]) return 400;
    this.absoluteForm = true;
    this.authority = match[1];
    this.pathStart = targetStart + match[0].length;
    this.emptyPath = bytes[this.pathStart] !== 0x2f;
    // Dots of the host name are no path.
    this.unusualPath = /%|\\|\/\./.test(target.slice(match[0].length).split("?", 1)[0] as string);
    return 0;
  }

  /** Reads the fields that decide framing, routing and the connection. Returns 0 or the status that refuses. */
  #interpret(): number {
    const { fields } = this;
    const { ids, count } = fields;
    let length = NO_LENGTH;
    let transferEncodings = 0;
    let hosts = 0;
    let hostField = "";
    this.chunked = false;
    this.connectionOptions = 0;
    this.upgrade = "";
    this.expectContinue = false;
    this.acceptsTrailers = false;
    for (let index = 0; index < count; index++) {
      switch (ids[index] as number) {
        case Field.Other:
          break;
        case Field.Host:
          hosts++;
          hostField = this.valueAt(index);
          break;
        case Field.ContentLength:
          if (length !== NO_LENGTH) return 400;
          length = parseContentLength(this.bytes, fields.valueStart[index] as number, fields.valueEnd[index] as number);
          if (length === BAD_LENGTH) return 400;
          break;
        case Field.TransferEncoding:
          transferEncodings++;
          this.chunked = this.valueAt(index).toLowerCase() === "chunked";
          break;
        case Field.Connection:
          this.connectionOptions = readConnectionOptions(
            this.valueAt(index),
            this.connectionOptions,
            fields,
            this.text,
            this.start,
          );
          break;
        case Field.Upgrade:
          this.upgrade = this.upgrade === "" ? this.valueAt(index) : `${this.upgrade},${this.valueAt(index)}`;
          break;
        case Field.Expect:
          if (this.expectContinue || this.valueAt(index).toLowerCase() !== "100-continue") return 417;
          this.expectContinue = true;
          break;
        case Field.Te:
          this.acceptsTrailers ||= /(^|,)[ \t]*trailers[ \t]*(;|,|$)/i.test(this.valueAt(index));
          break;
        default:
      }
    }
    return this.#checkFraming(length, transferEncodings) || this.#checkHost(hosts, hostField);
  }

  #checkFraming(length: number, transferEncodings: number): number {
    if (transferEncodings > 0) {
      // Both framings, or framing that HTTP/1.0 does not know: somebody in the chain will see another message.
      if (transferEncodings > 1 || length !== NO_LENGTH || this.minorVersion === 0) return 400;
      if (!this.chunked) return 501;
    }
    this.hasContentLength = length !== NO_LENGTH;
    this.contentLength = this.chunked ? -1 : Math.max(length, 0);
    if (this.minorVersion === 0) this.expectContinue = false;
    if ((this.connectionOptions & CONNECTION_UPGRADE) === 0) this.upgrade = "";
    return 0;
  }

  #checkHost(hosts: number, hostField: string): number {
    if (hosts > 1 || (hosts === 0 && this.minorVersion === 1)) return 400;
    if (hosts === 1 && this.#fold(hostField) === null) return 400;
    // The absolute form's authority wins over Host (RFC 9112 §3.2.2).
    if (this.absoluteForm) {
      const host = this.#fold(this.authority);
      if (host === null) return 400;
      this.host = host;
    } else {
      this.authority = hostField;
      this.host = hosts === 1 ? this.#lastHost : "";
    }
    return 0;
  }

  #fold(authority: string): string | null {
    if (authority === this.#lastAuthority && authority !== "") return this.#lastHost;
    const host = hostOfAuthority(authority);
    if (host === null) return null;
    this.#lastAuthority = authority;
    this.#lastHost = host;
    return host;
  }
}

/** Checks `HTTP/1.0` or `HTTP/1.1` and CRLF at `position`; returns the offset after it, INCOMPLETE, -400 or -505. */
function parseVersion(bytes: Buffer, position: number, end: number): number {
  const available = Math.min(end - position, NAME.length);
  for (let index = 0; index < available; index++) if (bytes[position + index] !== NAME[index]) return -400;
  if (end - position < 10) return INCOMPLETE;
  const major = (bytes[position + 5] as number) - 0x30;
  const minor = (bytes[position + 7] as number) - 0x30;
  if (major < 0 || major > 9 || minor < 0 || minor > 9 || bytes[position + 6] !== 0x2e) return -400;
  if (bytes[position + 8] !== CR || bytes[position + 9] !== LF) return -400;
  return major === 1 && minor <= 1 ? position + 10 : -505;
}

const NAME = Buffer.from("HTTP/");

/** The commonest methods without making a string. */
function methodText(bytes: Buffer, start: number, length: number): string {
  if (length === 3 && bytes[start] === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54) return "GET";
  if (length === 4 && bytes[start] === 0x50 && bytes[start + 1] === 0x4f && bytes[start + 2] === 0x53) {
    if (bytes[start + 3] === 0x54) return "POST";
  }
  return bytes.toString("latin1", start, start + length);
}
