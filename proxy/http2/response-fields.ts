/** A target's response head, or wire text of fields → the fields of an HTTP/2 response, as flat lists or as an object. */
import { Field } from "../http1/field-names.ts";
import { notRelayed } from "../http1/relayed-response.ts";
import type { ResponseHead } from "../http1/response-head.ts";

/** Values by lower-case name; a list where a name was there more than once. */
export type FieldObject = Record<string, string | string[]>;

/**
 * Name, value, name, value …, beginning with `:status`; names in lower case, values one character per byte.
 * Connection-specific fields and Content-Length are left out: HTTP/2 has its own framing.
 */
export function responseFields(head: ResponseHead, status: number): string[] {
  const { fields, bytes } = head;
  const { count, ids, kept, lineStart, nameEnd, valueStart, valueEnd } = fields;
  const list = [":status", String(status)];
  if (count === 0) return list;
  // One string for all of them: cutting it is much cheaper than asking the buffer for every piece.
  const base = lineStart[0] as number;
  const text = bytes.toString("latin1", base, fields.next);
  for (let index = 0; index < count; index++) {
    if (kept[index] === 0) continue;
    const id = ids[index] as number;
    if (id !== Field.Other && (notRelayed[id] === 1 || id === Field.Http2Settings)) continue;
    list.push(
      text.slice((lineStart[index] as number) - base, (nameEnd[index] as number) - base).toLowerCase(),
      text.slice((valueStart[index] as number) - base, (valueEnd[index] as number) - base),
    );
  }
  return list;
}

/** A 1xx as an object: the only form that is taken for it. */
export function informationalFields(head: ResponseHead): FieldObject {
  return fieldObject(responseFields(head, head.status));
}

/** Appends what wire text (`Name: value\r\n…`, of the proxy's own making or from the strict parser) says to `list`. */
export function appendFieldLines(list: string[], lines: string): void {
  let start = 0;
  while (start < lines.length) {
    const end = lines.indexOf("\r\n", start);
    const colon = lines.indexOf(":", start);
    if (end === -1 || colon === -1 || colon > end) return;
    list.push(lines.slice(start, colon).toLowerCase(), lines.slice(colon + 1, end).trim());
    start = end + 2;
  }
}

export function fieldObject(list: readonly string[]): FieldObject {
  const object: FieldObject = Object.create(null);
  for (let index = 0; index < list.length; index += 2) {
    const name = list[index] as string;
    const value = list[index + 1] as string;
    const before = object[name];
    if (before === undefined) object[name] = value;
    else if (typeof before === "string") object[name] = [before, value];
    else before.push(value);
  }
  return object;
}
