/** The `Connection` field (RFC 9110 §7.6.1): its options, and the fields that it nominates as hop-by-hop. */
import { Field, fieldIdOfName } from "./field-names.ts";
import type { FieldSection } from "./field-section.ts";

/** Bits of the options that the proxy knows. */
export const CONNECTION_CLOSE = 1;
export const CONNECTION_KEEP_ALIVE = 2;
export const CONNECTION_UPGRADE = 4;

/** Nominating one of these must not take it away: they frame or route the message (HH-03, CL-30). */
const NEVER_NOMINATED: ReadonlySet<number> = new Set([Field.Host, Field.ContentLength, Field.TransferEncoding]);

/**
 * Adds the options in `value` to `options` and clears `kept` for every line that it nominates.
 * @param value one Connection field's value; `text` is the latin1 text of the buffer from offset `base` on
 */
export function readConnectionOptions(
  value: string,
  options: number,
  fields: FieldSection,
  text: string,
  base: number,
): number {
  // The three values that nearly every message has.
  if (value === "keep-alive") return options | CONNECTION_KEEP_ALIVE;
  if (value === "close") return options | CONNECTION_CLOSE;
  if (value === "Upgrade" || value === "upgrade") return options | CONNECTION_UPGRADE;
  let found = options;
  for (const element of value.split(",")) {
    const option = element.trim().toLowerCase();
    if (option === "close") found |= CONNECTION_CLOSE;
    else if (option === "keep-alive") found |= CONNECTION_KEEP_ALIVE;
    else if (option === "upgrade") found |= CONNECTION_UPGRADE;
    else if (option !== "") nominate(option, fields, text, base);
  }
  return found;
}

function nominate(name: string, fields: FieldSection, text: string, base: number): void {
  const id = fieldIdOfName(name);
  if (NEVER_NOMINATED.has(id)) return;
  for (let index = 0; index < fields.count; index++) {
    if (id !== Field.Other) {
      if (fields.ids[index] === id) fields.kept[index] = 0;
      continue;
    }
    const start = (fields.lineStart[index] as number) - base;
    const end = (fields.nameEnd[index] as number) - base;
    if (end - start === name.length && text.slice(start, end).toLowerCase() === name) fields.kept[index] = 0;
  }
}
