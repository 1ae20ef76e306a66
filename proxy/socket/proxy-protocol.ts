/**
 * The PROXY protocol, versions 1 and 2: the first bytes of a connection → who is really calling. Receiver's side of
 * https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt. TLVs are skipped, their CRC32C is not checked: TCP has a
 * checksum of its own, and whoever could forge the one could forge the other.
 */
import { isIPv4, isIPv6 } from "node:net";
import { canonicalAddress } from "../request/client-address.ts";

export type ProxyHeader = {
  /** Null when the sender speaks for itself (LOCAL), or does not know: then the socket's own address counts. */
  readonly source: { readonly address: string; readonly port: number } | null;
  /** Bytes that it takes; what follows belongs to the client. */
  readonly length: number;
};

const SIGNATURE_V1 = Buffer.from("PROXY ", "latin1");
const MAX_V1 = 107;

const SIGNATURE_V2 = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const FIXED_V2 = 16;
const LOCAL = 0x20;
const PROXIED = 0x21;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
/** Families up to UNIX sockets, transports up to datagrams; what is beyond has not been invented. */
const MAX_FAMILY = 3;
const MAX_TRANSPORT = 2;

/**
 * Reads the header at the start of `bytes`; can be called again with more.
 * @param maxBytes longest header that is taken
 */
export function readProxyHeader(bytes: Buffer, maxBytes: number): ProxyHeader | "incomplete" | "malformed" {
  if (startsLike(bytes, SIGNATURE_V2)) return readV2(bytes, maxBytes);
  if (startsLike(bytes, SIGNATURE_V1)) return readV1(bytes);
  return "malformed";
}

function startsLike(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return bytes.compare(signature, 0, length, 0, length) === 0;
}

const LINE_V1 = /^PROXY (TCP4|TCP6) ([^ ]+) ([^ ]+) (\d{1,5}) (\d{1,5})$/;
const UNKNOWN_V1 = /^PROXY UNKNOWN(?: [\x20-\x7e]*)?$/;

function readV1(bytes: Buffer): ProxyHeader | "incomplete" | "malformed" {
  const end = bytes.subarray(0, MAX_V1).indexOf("\r\n");
  if (end === -1) return bytes.length < MAX_V1 ? "incomplete" : "malformed";
  const length = end + 2;
  const line = bytes.toString("latin1", 0, end);
  if (UNKNOWN_V1.test(line)) return { source: null, length };
  const [, family, source = "", destination = "", sourcePort, destinationPort] = LINE_V1.exec(line) ?? [];
  const isAddress = family === "TCP4" ? isIPv4 : isIPv6;
  const address = canonicalAddress(source);
  if (address === null || source.includes("%") || !isAddress(source) || !isAddress(destination)) return "malformed";
  const port = Number(sourcePort);
  if (port > 65_535 || Number(destinationPort) > 65_535) return "malformed";
  return { source: { address, port }, length };
}

function readV2(bytes: Buffer, maxBytes: number): ProxyHeader | "incomplete" | "malformed" {
  if (bytes.length < FIXED_V2) return "incomplete";
  const command = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const length = FIXED_V2 + bytes.readUInt16BE(14);
  if ((command !== LOCAL && command !== PROXIED) || length > maxBytes) return "malformed";
  if (family >> 4 > MAX_FAMILY || (family & 0x0f) > MAX_TRANSPORT) return "malformed";
  if (bytes.length < length) return "incomplete";
  if (command === LOCAL) return { source: null, length };
  if (family === TCP_OVER_IPV4) return withAddress(bytes, length, 4);
  if (family === TCP_OVER_IPV6) return withAddress(bytes, length, 16);
  return { source: null, length };
}

/** Both addresses, then both ports. */
function withAddress(bytes: Buffer, length: number, size: number): ProxyHeader | "malformed" {
  if (length < FIXED_V2 + 2 * size + 4) return "malformed";
  const raw = bytes.subarray(FIXED_V2, FIXED_V2 + size);
  const text = size === 4 ? raw.join(".") : (raw.toString("hex").match(/.{4}/g) ?? []).join(":");
  const address = canonicalAddress(text) ?? text;
  return { source: { address, port: bytes.readUInt16BE(FIXED_V2 + 2 * size) }, length };
}
