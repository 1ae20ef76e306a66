/** A target's response head → the head for an HTTP/1 client: kept lines byte for byte, framing from the parser's facts. */
import { httpDate } from "./date-field.ts";
import { Field } from "./field-names.ts";
import type { Output } from "./output.ts";
import type { ResponseHead } from "./response-head.ts";

/** 1 for the ids of response fields that are a connection's own, or framing. */
export const notRelayed = new Uint8Array(64);
for (const id of [
  Field.Connection,
  Field.KeepAlive,
  Field.ProxyConnection,
  Field.ProxyAuthenticate,
  Field.Te,
  Field.TransferEncoding,
  Field.ContentLength,
  Field.Upgrade,
]) {
  notRelayed[id] = 1;
}

/** Appends status line and fields, then `framing` (wire text of fields), a Date if there is none, and the empty line. */
export function writeRelayedResponse(output: Output, head: ResponseHead, framing: string): void {
  writeStatusLine(output, head);
  writeKeptLines(output, head);
  output.text(head.hasDate ? `${framing}\r\n` : `${framing}Date: ${httpDate()}\r\n\r\n`);
}

/** Appends a 1xx with the fields that may travel; `extra` is wire text of more. */
export function writeInformational(output: Output, head: ResponseHead, extra: string): void {
  writeStatusLine(output, head);
  writeKeptLines(output, head);
  output.text(`${extra}\r\n`);
}

function writeStatusLine(output: Output, head: ResponseHead): void {
  if (head.minorVersion === 1) {
    output.copy(head.bytes, head.start, head.reasonEnd + 2);
    return;
  }
  output.text("HTTP/1.1 ");
  output.copy(head.bytes, head.start + 9, head.reasonEnd + 2);
}

function writeKeptLines(output: Output, head: ResponseHead): void {
  const { fields, bytes } = head;
  const { count, ids, kept } = fields;
  let runStart = -1;
  for (let index = 0; index < count; index++) {
    if (kept[index] === 1 && notRelayed[ids[index] as number] === 0) {
      if (runStart === -1) runStart = fields.lineStart[index] as number;
    } else if (runStart !== -1) {
      output.copy(bytes, runStart, fields.lineStart[index] as number);
      runStart = -1;
    }
  }
  if (runStart !== -1) output.copy(bytes, runStart, fields.next - 2);
}
