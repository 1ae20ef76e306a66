/** What a flag's text may say besides durations: whole numbers, yes or no, comma-separated lists. Source: §1.1. */
import { ValueSyntaxError } from "./go-duration.ts";

const MAX_INT64 = 2n ** 63n - 1n;
const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const YES: readonly string[] = ["1", "t", "T", "TRUE", "true", "True"];
const NO: readonly string[] = ["0", "f", "F", "FALSE", "false", "False"];

/** Go's literals: `10`, `-3`, `0x10`, `0o17`, `017`, `0b1`, `1_000`. @throws ValueSyntaxError */
export function parseInteger(text: string): number {
  const match =
    /^([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/.exec(text);
  if (!match) throw new ValueSyntaxError(`strconv.ParseInt: parsing ${quote(text)}: invalid syntax`);
  const digits = (match[2] ?? "").replaceAll("_", "");
  const magnitude = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = match[1] === "-" ? -magnitude : magnitude;
  if (value > MAX_INT64 || value < -MAX_INT64 - 1n) {
    throw new ValueSyntaxError(`strconv.ParseInt: parsing ${quote(text)}: value out of range`);
  }
  return Number(value);
}

/** @throws ValueSyntaxError for anything but Go's twelve spellings. */
export function parseBoolean(text: string): boolean {
  if (YES.includes(text)) return true;
  if (NO.includes(text)) return false;
  throw new ValueSyntaxError(`strconv.ParseBool: parsing ${quote(text)}: invalid syntax`);
}

/**
 * One CSV record: commas separate, double quotes protect, blanks stay; an empty text is an empty list.
 * @throws ValueSyntaxError with the column (bytes, from 1) of a quote that does not fit.
 */
export function parseList(text: string): string[] {
  if (text === "") return [];
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const field = text[at] === '"' ? quotedField(text, at) : bareField(text, at);
    fields.push(field.value);
    if (text[field.end] !== ",") return fields;
    at = field.end + 1;
  }
}

/** Whether `name` can be the name of a header: RFC 9110 §5.6.2, a token. */
export function isFieldName(name: string): boolean {
  return FIELD_NAME.test(name);
}

/** A double-quoted, escaped form of `text` for messages. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

function bareField(text: string, start: number): { value: string; end: number } {
  const value = /[^,\r\n]*/y;
  value.lastIndex = start;
  const found = value.exec(text)?.[0] ?? "";
  const stray = found.indexOf('"');
  if (stray >= 0) throw misquoted(text, start + stray, 'bare " in non-quoted field');
  return { value: found, end: start + found.length };
}

function quotedField(text: string, start: number): { value: string; end: number } {
  let value = "";
  let at = start + 1;
  for (;;) {
    const close = text.indexOf('"', at);
    if (close < 0) throw misquoted(text, text.length, 'extraneous or missing " in quoted-field');
    value += text.slice(at, close);
    const next = text[close + 1];
    if (next === undefined || next === "," || next === "\n" || next === "\r") return { value, end: close + 1 };
    if (next !== '"') throw misquoted(text, close, 'extraneous or missing " in quoted-field');
    value += '"';
    at = close + 2;
  }
}

function misquoted(text: string, at: number, reason: string): ValueSyntaxError {
  const column = Buffer.byteLength(text.slice(0, at)) + 1;
  return new ValueSyntaxError(`parse error on line 1, column ${column}: ${reason}`);
}
