/** Trailer sections between HTTP/2 (a list of fields) and HTTP/1.1 (wire text); what must not come as a trailer is dropped. */
import { keptTrailers } from "../http1/chunked-decoder.ts";
import { appendFieldLines, type FieldObject, fieldObject } from "./response-fields.ts";

/**
 * Wire text (`name: value\r\n…`) of the trailers that may travel on.
 * @param raw name, value, name, value …
 * @returns null when they are no trailers at all: malformed, or larger than `maxBytes`
 */
export function trailerText(raw: readonly string[], maxBytes: number): string | null {
  let text = "";
  let lines = 0;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    // Pseudo-fields have no business here (RFC 9113 §8.1).
    if (name.charCodeAt(0) === 0x3a) continue;
    if (name.includes(":")) return null;
    text += `${name}: ${raw[index + 1]}\r\n`;
    lines++;
  }
  if (text === "") return "";
  const bytes = Buffer.from(`${text}\r\n`, "latin1");
  if (bytes.length > maxBytes) return null;
  return keptTrailers(bytes, bytes.length, lines);
}

/** Wire text of trailers as the object that a stream's `sendTrailers` takes. */
export function trailerObject(text: string): FieldObject {
  const list: string[] = [];
  appendFieldLines(list, text);
  return fieldObject(list);
}
