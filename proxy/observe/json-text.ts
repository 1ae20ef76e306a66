/** Text of any origin as JSON: one line without control characters, bounded, whatever somebody has put into it. */
import { LOG_LIMITS } from "../limits.ts";

const MAX_CACHED = 2000;

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
/** What a terminal or a viewer may take for a command: DEL, C1 controls, line separators, changes of direction. */
const TREACHEROUS = /[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const cache = new Map<string, string>();

/**
 * Bytes off the wire, ASCII only. Longer values are cut: a line must stay readable, and a client must not be able to fill
 * a disk with one header.
 * @param text latin1 text (one character, one byte); UTF-8 sequences in it are recognised
 */
export function jsonText(text: string, maxLength: number = LOG_LIMITS.maxValueLength): string {
  if (text.length <= maxLength && PLAIN.test(text)) return `"${text}"`;
  return escaped(text, maxLength);
}

/** The same through a bounded memory, for values that come again and again: user agents, hosts, media types. */
export function cachedJsonText(text: string): string {
  if (text === "") return '""';
  let json = cache.get(text);
  if (json === undefined) {
    if (cache.size >= MAX_CACHED) cache.clear();
    json = jsonText(text);
    // A copy: the text is a slice of a whole request head, which would be kept alive with it.
    cache.set(Buffer.from(text, "latin1").toString("latin1"), json);
  }
  return json;
}

/** Any value; what is longer than `maxLength` is cut, lists and records to a string. Undefined stays undefined. */
export function visibleJson(value: string, maxLength: number): string;
export function visibleJson(value: unknown, maxLength: number): string | undefined;
export function visibleJson(value: unknown, maxLength: number): string | undefined {
  const json = JSON.stringify(typeof value === "string" ? cut(value, maxLength) : value) as string | undefined;
  if (json === undefined) return undefined;
  const short = typeof value === "object" && json.length > maxLength ? JSON.stringify(cut(json, maxLength)) : json;
  return short.replace(TREACHEROUS, escapeCharacter);
}

function escaped(text: string, maxLength: number): string {
  const shown = Buffer.from(text.slice(0, maxLength), "latin1").toString("utf8");
  const json = JSON.stringify(text.length > maxLength ? `${shown}…` : shown);
  return json.replace(/[\x7f-\uffff]/g, escapeCharacter);
}

function cut(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
