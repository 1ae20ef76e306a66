/** Addresses of clients as sockets, proxies and header fields spell them → one spelling. */
import { isIP, SocketAddress } from "node:net";

const MAPPED = "::ffff:";

/** An address as a socket gives it: IPv4-mapped ones become IPv4, zones are left out (they mean nothing elsewhere). */
export function plainAddress(address: string): string {
  if (address.startsWith(MAPPED) && address.includes(".")) return address.slice(MAPPED.length);
  const zone = address.indexOf("%");
  return zone === -1 ? address : address.slice(0, zone);
}

/** One element of X-Forwarded-For and its like, with or without port and brackets; null when it is no address. */
export function addressOfHop(hop: string): string | null {
  const text = hop.trim();
  const bare = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+)(?::\d{1,5})?$/.exec(text)?.[1] ?? text;
  return canonicalAddress(bare);
}

/** Lower case, shortest form; null when `text` is no address. */
export function canonicalAddress(text: string): string | null {
  const family = isIP(text);
  if (family === 4) return text;
  if (family === 0) return null;
  const [address = ""] = text.split("%", 1);
  return plainAddress(new SocketAddress({ address, family: "ipv6" }).address);
}
