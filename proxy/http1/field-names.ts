/** Field names that the proxy acts upon: folded bytes → a small number, found by hash and then verified. */
import { FOLDED_TOKEN } from "./characters.ts";

/** Ids of known fields; `Other` is everything that simply passes through. */
export const Field = {
  Other: 0,
  Host: 1,
  ContentLength: 2,
  TransferEncoding: 3,
  Connection: 4,
  KeepAlive: 5,
  ProxyConnection: 6,
  ProxyAuthenticate: 7,
  ProxyAuthorization: 8,
  Te: 9,
  Trailer: 10,
  Upgrade: 11,
  Expect: 12,
  Http2Settings: 13,
  Forwarded: 14,
  XForwardedFor: 15,
  XForwardedProto: 16,
  XForwardedHost: 17,
  XForwardedPort: 18,
  XForwardedServer: 19,
  XForwardedPrefix: 20,
  XForwardedSsl: 21,
  XRealIp: 22,
  XRequestId: 23,
  XRequestStart: 24,
  XKamalTarget: 25,
  Proxy: 26,
  UserAgent: 27,
  ContentType: 28,
  Date: 29,
  IdempotencyKey: 30,
  XIdempotencyKey: 31,
  SecWebSocketKey: 32,
} as const;

const NAMES: readonly string[] = [
  "",
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "upgrade",
  "expect",
  "http2-settings",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-server",
  "x-forwarded-prefix",
  "x-forwarded-ssl",
  "x-real-ip",
  "x-request-id",
  "x-request-start",
  "x-kamal-target",
  "proxy",
  "user-agent",
  "content-type",
  "date",
  "idempotency-key",
  "x-idempotency-key",
  "sec-websocket-key",
];

export const HASH_SEED = 7;
const SLOTS = 1024;
const idAtSlot = new Uint8Array(SLOTS);
const bytesOfId: readonly Uint8Array[] = NAMES.map((name) => Buffer.from(name, "latin1"));

for (let id = 1; id < NAMES.length; id++) {
  let hash = HASH_SEED;
  for (const byte of bytesOfId[id] as Uint8Array) hash = (Math.imul(hash, 31) + byte) | 0;
  const slot = slotOf(hash);
  if (idAtSlot[slot] !== 0) throw new Error(`field names ${NAMES[id]} and ${NAMES[idAtSlot[slot] as number]} collide`);
  idAtSlot[slot] = id;
}

/** The id of the name at `bytes[start..end)`, whose rolling hash (seed 7, × 31 + folded byte) the scanner has made. */
export function fieldId(bytes: Uint8Array, start: number, end: number, hash: number): number {
  const id = idAtSlot[slotOf(hash)] as number;
  if (id === 0) return 0;
  const name = bytesOfId[id] as Uint8Array;
  if (name.length !== end - start) return 0;
  for (let index = 0; index < name.length; index++) {
    if (FOLDED_TOKEN[bytes[start + index] as number] !== name[index]) return 0;
  }
  return id;
}

/** The id of a lower-case name that a `Connection` field nominates; 0 when unknown. */
export function fieldIdOfName(name: string): number {
  return Math.max(0, NAMES.indexOf(name.toLowerCase()));
}

/** True when the name is spelt with `_` or `.` where the known name has `-`: an alias, never forwarded. */
export function isAlias(bytes: Uint8Array, start: number, id: number): boolean {
  const name = bytesOfId[id] as Uint8Array;
  for (let index = 0; index < name.length; index++) {
    if (name[index] === 0x2d && bytes[start + index] !== 0x2d) return true;
  }
  return false;
}

function slotOf(hash: number): number {
  return ((hash >>> 16) ^ hash) & (SLOTS - 1);
}
