/** A client's request head → the head for the target: kept lines byte for byte, framing from the parser's facts. */
import { Field, fieldIdOfName } from "./field-names.ts";
import type { Output } from "./output.ts";
import type { RequestHead } from "./request-head.ts";

/** What the forwarded head has that the client's has not. */
export type ForwardedRequest = {
  /** Bytes of the path that a stripped prefix takes away. */
  readonly strippedLength: number;
  /** Used when the client sent no Host (HTTP/1.0). */
  readonly fallbackHost: string;
  /** Believe X-Forwarded-Port and its kin. */
  readonly forwardHeaders: boolean;
  /** Lower-case name of the field with the client's address; empty for none. It passes if it is believed. */
  readonly clientIpField: string;
  readonly keepClientIpField: boolean;
  readonly keepRequestId: boolean;
  readonly keepRequestStart: boolean;
  /** Wire text of the proxy's own fields. */
  readonly ownFields: string;
  /** The upgrade to ask for; empty for none. */
  readonly upgrade: string;
  /** The whole body is here: nobody has to be asked whether it may come. */
  readonly bodyAtHand: boolean;
};

const KEEP = 0;
const DROP = 1;
const DROP_UNLESS_TRUSTED = 2;

const rules = new Uint8Array(64);
for (const id of [
  Field.Connection,
  Field.KeepAlive,
  Field.ProxyConnection,
  Field.ProxyAuthenticate,
  Field.ProxyAuthorization,
  Field.Te,
  Field.Trailer,
  Field.TransferEncoding,
  Field.ContentLength,
  Field.Upgrade,
  Field.Http2Settings,
  Field.Expect,
  Field.Forwarded,
  Field.XForwardedFor,
  Field.XForwardedProto,
  Field.XForwardedHost,
  Field.XKamalTarget,
  Field.Proxy,
]) {
  rules[id] = DROP;
}
for (const id of [
  Field.XForwardedPort,
  Field.XForwardedServer,
  Field.XForwardedPrefix,
  Field.XForwardedSsl,
  Field.XRealIp,
]) {
  rules[id] = DROP_UNLESS_TRUSTED;
}

/** Appends the complete head, empty line included. */
export function writeForwardedRequest(output: Output, head: RequestHead, forwarded: ForwardedRequest): void {
  writeRequestLine(output, head, forwarded.strippedLength);
  if (head.absoluteForm || head.authority === "") {
    output.text(`Host: ${head.authority === "" ? forwarded.fallbackHost : head.authority}\r\n`);
  }
  if (forwarded.clientIpField !== "") settleClientIpField(head, forwarded);
  writeKeptLines(output, head, forwarded);
  output.text(`${forwarded.ownFields}${framing(head, forwarded)}${connection(head, forwarded.upgrade)}\r\n`);
}

function writeRequestLine(output: Output, head: RequestHead, strippedLength: number): void {
  const { bytes, start } = head;
  if (strippedLength === 0 && !head.absoluteForm && head.minorVersion === 1) {
    output.copy(bytes, start, head.fieldsStart);
    return;
  }
  const pathStart = head.pathStart + strippedLength;
  output.text(bytes[pathStart] === 0x2f ? `${head.method} ` : `${head.method} /`);
  output.copy(bytes, pathStart, head.targetEnd);
  output.text(" HTTP/1.1\r\n");
}

/** Another spelling of the name would reach the application as the same variable. */
function settleClientIpField(head: RequestHead, forwarded: ForwardedRequest): void {
  head.fields.dropAliases(head.bytes, forwarded.clientIpField);
  if (!forwarded.keepClientIpField) head.fields.drop(head.bytes, forwarded.clientIpField);
}

/** Neighbouring lines that stay are copied in one go. */
function writeKeptLines(output: Output, head: RequestHead, forwarded: ForwardedRequest): void {
  const { fields, bytes } = head;
  const { count, ids, kept } = fields;
  let runStart = -1;
  for (let index = 0; index < count; index++) {
    const id = ids[index] as number;
    const stays = kept[index] === 1 && (id === Field.Other || keeps(id, head, forwarded));
    if (stays) {
      if (runStart === -1) runStart = fields.lineStart[index] as number;
    } else if (runStart !== -1) {
      output.copy(bytes, runStart, fields.lineStart[index] as number);
      runStart = -1;
    }
  }
  if (runStart !== -1) output.copy(bytes, runStart, fields.next - 2);
}

function keeps(id: number, head: RequestHead, forwarded: ForwardedRequest): boolean {
  if (id === Field.Host) return !head.absoluteForm;
  if (id === Field.XRequestId) return forwarded.keepRequestId;
  if (id === Field.XRequestStart) return forwarded.keepRequestStart;
  // Trailers travel with a chunked body, and so does their announcement.
  if (id === Field.Trailer) return head.chunked;
  const rule = rules[id];
  if (rule !== DROP_UNLESS_TRUSTED) return rule === KEEP;
  return forwarded.forwardHeaders || (forwarded.keepClientIpField && id === fieldIdOfName(forwarded.clientIpField));
}

function framing(head: RequestHead, forwarded: ForwardedRequest): string {
  const expects = head.expectContinue && !forwarded.bodyAtHand;
  if (head.chunked) return expects ? "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n" : CHUNKED;
  if (head.hasContentLength) {
    const expect = expects && head.contentLength > 0 ? "Expect: 100-continue\r\n" : "";
    return `Content-Length: ${head.contentLength}\r\n${expect}`;
  }
  return head.method === "POST" || head.method === "PUT" || head.method === "PATCH" ? "Content-Length: 0\r\n" : "";
}

const CHUNKED = "Transfer-Encoding: chunked\r\n";

function connection(head: RequestHead, upgrade: string): string {
  const te = head.acceptsTrailers ? "TE: trailers\r\n" : "";
  return upgrade === "" ? te : `${te}Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
}
