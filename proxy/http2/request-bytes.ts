/** The fields of an HTTP/2 request → the same request as HTTP/1.1 text, read by the one strict parser: one view for everybody. */
import { Field } from "../http1/field-names.ts";
import type { RequestHead } from "../http1/request-head.ts";

const METHOD = 1;
const PATH = 2;
const SCHEME = 4;
const AUTHORITY = 8;
/** What every request must have (RFC 9113 §8.3.1); the authority may be in `host` instead. */
const REQUIRED = METHOD | PATH | SCHEME;

/** Fields that speak of a connection make a request malformed (RFC 9113 §8.2.2). */
const connectionSpecific = new Uint8Array(64);
for (const id of [Field.Connection, Field.KeepAlive, Field.ProxyConnection, Field.TransferEncoding, Field.Upgrade]) {
  connectionSpecific[id] = 1;
}

/**
 * Reads a request into `head`, whose bytes are its own from then on: request line, `Host`, fields in their order, cookie
 * crumbs as one line (RFC 9113 §8.2.3), and `Transfer-Encoding: chunked` for a body of unknown length.
 * @param raw name, value, name, value …, pseudo-fields included
 * @param bodyFollows the header block did not end the stream
 * @returns 0, or the status that refuses the request
 */
export function readRequest(head: RequestHead, raw: readonly string[], bodyFollows: boolean): number {
  let pseudo = 0;
  let method = "";
  let path = "";
  let authority = "";
  let host: string | null = null;
  let cookie: string | null = null;
  let lines = "";
  let count = 1;
  let nameBytes = 4;
  let hasLength = false;
  let regular = false;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    const value = raw[index + 1] as string;
    if (name.charCodeAt(0) === 0x3a) {
      const bit = pseudoBit(name);
      if (bit === 0) return name === ":protocol" ? 501 : 400;
      if (regular || (pseudo & bit) !== 0) return 400;
      pseudo |= bit;
      if (bit === METHOD) method = value;
      else if (bit === PATH) path = value;
      else if (bit === AUTHORITY) authority = value;
      continue;
    }
    regular = true;
    if (name === "cookie") {
      cookie = cookie === null ? value : `${cookie}; ${value}`;
    } else if (name === "host") {
      if (host !== null) return 400;
      host = value;
    } else {
      if (name === "content-length") hasLength = true;
      lines += `${name}: ${value}\r\n`;
      nameBytes += name.length;
      count++;
    }
  }
  if (method === "CONNECT") return 501;
  if ((pseudo & REQUIRED) !== REQUIRED || !isPath(path)) return 400;
  if ((pseudo & AUTHORITY) === 0) authority = host ?? "";
  else if (host !== null && host !== authority && host.toLowerCase() !== authority.toLowerCase()) return 400;
  if (cookie !== null) {
    lines += `cookie: ${cookie}\r\n`;
    nameBytes += 6;
    count++;
  }
  const chunked = bodyFollows && !hasLength;
  if (chunked) {
    lines += "Transfer-Encoding: chunked\r\n";
    nameBytes += 17;
    count++;
  }

  const bytes = Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: ${authority}\r\n${lines}\r\n`, "latin1");
  head.reset(0);
  const result = head.parse(bytes, bytes.length);
  if (result < 0) return -result;
  // What was put in as one name, one value or one path has come out as that: nothing in it passed for a line or a colon.
  const { fields } = head;
  if (result !== bytes.length || fields.count !== count || head.absoluteForm) return 400;
  let readBytes = 0;
  for (let index = 0; index < count; index++) {
    readBytes += (fields.nameEnd[index] as number) - (fields.lineStart[index] as number);
    if (connectionSpecific[fields.ids[index] as number] === 1 && !(chunked && index === count - 1)) return 400;
  }
  if (readBytes !== nameBytes || (!bodyFollows && head.contentLength !== 0)) return 400;
  return 0;
}

function pseudoBit(name: string): number {
  switch (name) {
    case ":method":
      return METHOD;
    case ":path":
      return PATH;
    case ":scheme":
      return SCHEME;
    case ":authority":
      return AUTHORITY;
    default:
      return 0;
  }
}

function isPath(path: string): boolean {
  return path.charCodeAt(0) === 0x2f || path === "*";
}
