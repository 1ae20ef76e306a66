/** Bytes off the wire as JSON strings: one line, ASCII only, bounded, whatever a client has put into them. */

/** Longer values are cut: a line must stay readable, and a client must not be able to fill a disk with one header. */
const MAX_LENGTH = 2048;
const MAX_CACHED = 2000;

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const cache = new Map<string, string>();

/** @param text latin1 text (one character, one byte); UTF-8 sequences in it are recognised */
export function jsonText(text: string): string {
  if (text.length <= MAX_LENGTH && PLAIN.test(text)) return `"${text}"`;
  return escaped(text);
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

function escaped(text: string): string {
  const shown = Buffer.from(text.slice(0, MAX_LENGTH), "latin1").toString("utf8");
  const json = JSON.stringify(text.length > MAX_LENGTH ? `${shown}…` : shown);
  return json.replace(/[\x7f-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
