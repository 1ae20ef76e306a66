/**
 * The first bytes of a TLS connection → what its client asks for: a server name (SNI) and application protocols (ALPN).
 * Reads a ClientHello however it is cut into records and segments; never throws. RFC 8446 §4.1.2, §5.1; RFC 6066 §3.
 */

export type ClientHello = {
  /** As sent, one character per byte; empty when the client names no host. */
  readonly serverName: string;
  /** In the client's order, one character per byte; empty without ALPN. */
  readonly protocols: readonly string[];
};

const HANDSHAKE_RECORD = 22;
const RECORD_HEADER = 5;
const MAX_RECORD = 16 * 1024;
const CLIENT_HELLO = 1;
const MESSAGE_HEADER = 4;
/** Version and random. */
const FIXED = 2 + 32;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const ALPN = 16;

/**
 * Can be called again with more. Which of its fields TLS itself likes is OpenSSL's to say: only what decides the way of
 * the connection is read here.
 * @param maxBytes longest hello that is taken, with the headers of its records
 */
export function readClientHello(bytes: Buffer, maxBytes: number): ClientHello | "incomplete" | "malformed" | "not-tls" {
  if (bytes.length > 0 && bytes[0] !== HANDSHAKE_RECORD) return "not-tls";
  // Major version 3: SSL 3.0 and everything since.
  if (bytes.length > 1 && bytes[1] !== 3) return "not-tls";
  const message = readMessage(bytes, maxBytes);
  return typeof message === "string" ? message : (readHello(message) ?? "malformed");
}

/** The whole handshake message, without its header; it may take several records. */
function readMessage(bytes: Buffer, maxBytes: number): Buffer | "incomplete" | "malformed" {
  const unfinished = bytes.length >= maxBytes ? "malformed" : "incomplete";
  const fragments: Buffer[] = [];
  let gathered = 0;
  let wanted = MESSAGE_HEADER;
  for (let at = 0; gathered < wanted; ) {
    if (bytes.length < at + RECORD_HEADER) return unfinished;
    const length = bytes.readUInt16BE(at + 3);
    if (bytes[at] !== HANDSHAKE_RECORD || bytes[at + 1] !== 3 || length === 0 || length > MAX_RECORD) {
      return "malformed";
    }
    const start = at + RECORD_HEADER;
    at = start + length;
    const fragment = bytes.subarray(start, Math.min(at, bytes.length));
    fragments.push(fragment);
    gathered += fragment.length;
    if (wanted === MESSAGE_HEADER && gathered >= MESSAGE_HEADER) {
      const header = fragments.length === 1 ? fragment : Buffer.concat(fragments, MESSAGE_HEADER);
      if (header[0] !== CLIENT_HELLO) return "malformed";
      wanted = MESSAGE_HEADER + header.readUIntBE(1, 3);
      if (wanted > maxBytes) return "malformed";
    }
    if (at > bytes.length && gathered < wanted) return unfinished;
  }
  const message = fragments.length === 1 ? (fragments[0] as Buffer) : Buffer.concat(fragments);
  return message.subarray(MESSAGE_HEADER, wanted);
}

function readHello(message: Buffer): ClientHello | null {
  const sessionId = vector(message, FIXED, 1);
  const ciphers = sessionId && vector(message, sessionId.end, 2);
  const compression = ciphers && vector(message, ciphers.end, 1);
  if (!compression) return null;
  let serverName = "";
  let protocols: readonly string[] = [];
  // Before TLS 1.3 a hello may do without any extension.
  if (compression.end === message.length) return { serverName, protocols };
  const extensions = vector(message, compression.end, 2);
  if (extensions?.end !== message.length) return null;
  const seen = new Set<number>();
  for (let at = extensions.start; at < extensions.end; ) {
    const content = at + 2 <= extensions.end ? vector(message, at + 2, 2, extensions.end) : null;
    if (!content) return null;
    const type = message.readUInt16BE(at);
    // Two answers to one question are none: OpenSSL refuses them as well.
    if (seen.has(type)) return null;
    seen.add(type);
    if (type === SERVER_NAME) {
      const name = readServerName(message, content);
      if (name === null) return null;
      serverName = name;
    } else if (type === ALPN) {
      const list = readProtocols(message, content);
      if (list === null) return null;
      protocols = list;
    }
    at = content.end;
  }
  return { serverName, protocols };
}

type Span = { readonly start: number; readonly end: number };

/** A vector with a length of `size` bytes in front; null when it does not fit before `limit`. */
function vector(message: Buffer, at: number, size: 1 | 2, limit = message.length): Span | null {
  if (at + size > limit) return null;
  const start = at + size;
  const end = start + message.readUIntBE(at, size);
  return end <= limit ? { start, end } : null;
}

/** There is one kind of name, and one name of each kind (RFC 6066 §3). */
function readServerName(message: Buffer, content: Span): string | null {
  const list = vector(message, content.start, 2, content.end);
  if (list?.end !== content.end || message[list.start] !== HOST_NAME) return null;
  const name = vector(message, list.start + 1, 2, list.end);
  if (name?.end !== list.end || name.start === name.end) return null;
  return message.toString("latin1", name.start, name.end);
}

/** RFC 7301 §3.1. */
function readProtocols(message: Buffer, content: Span): readonly string[] | null {
  const list = vector(message, content.start, 2, content.end);
  if (list?.end !== content.end || list.start === list.end) return null;
  const protocols: string[] = [];
  for (let at = list.start; at < list.end; ) {
    const name = vector(message, at, 1, list.end);
    if (!name || name.start === name.end) return null;
    protocols.push(message.toString("latin1", name.start, name.end));
    at = name.end;
  }
  return protocols;
}
