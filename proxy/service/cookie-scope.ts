/**
 * Cookie scoping: an application below a stripped prefix sets cookies for its own root; browsers get them for the
 * prefix. Only `Path` is touched, the rest of a line stays as it is. Source: proxy-behaviour §7.6.
 */
import { posix } from "node:path";
import type { ResponseHead } from "../http1/response-head.ts";

const FIELD = "set-cookie";

/**
 * Takes the Set-Cookie lines from the first one that changes out of `head` and returns them as wire text, in order.
 * @param prefix what was stripped, `/segment…`
 * @param host the request's, folded
 */
export function scopeCookies(head: ResponseHead, prefix: string, host: string): string {
  const { fields, bytes } = head;
  let lines = "";
  for (let index = 0; index < fields.count; index++) {
    if (fields.kept[index] === 0 || !fields.isNamed(bytes, index, FIELD)) continue;
    const cookie = head.valueAt(index);
    const scoped = scopedCookie(cookie, prefix, host);
    if (lines === "" && scoped === cookie) continue;
    fields.kept[index] = 0;
    lines += `${bytes.toString("latin1", fields.lineStart[index], fields.nameEnd[index])}: ${scoped}\r\n`;
  }
  return lines;
}

/** The cookie with its path below `prefix`; as it came when it is another host's, or none that a browser would keep. */
export function scopedCookie(cookie: string, prefix: string, host: string): string {
  const parts = cookie.split(";");
  const pair = parts[0] as string;
  const equals = pair.indexOf("=");
  if (equals < 1 || pair.slice(0, equals).trim() === "") return cookie;
  // Browsers refuse such a cookie unless its path is `/` (RFC 6265bis §4.1.3.2); and nobody can quote a `;`.
  if (/^\s*__host-/i.test(pair) || prefix.includes(";")) return cookie;
  // Of repeated attributes the last one counts (RFC 6265 §5.3).
  const domain = attribute(parts, "domain");
  if (domain !== undefined && domain.value !== "" && domain.value.toLowerCase() !== host) return cookie;
  const path = attribute(parts, "path");
  if (path === undefined) return `${cookie}; Path=${prefix}`;
  parts[path.index] = `${path.name}=${joinPaths(prefix, path.value)}`;
  return parts.join(";");
}

type Attribute = { readonly index: number; readonly name: string; readonly value: string };

function attribute(parts: readonly string[], wanted: string): Attribute | undefined {
  for (let index = parts.length - 1; index > 0; index--) {
    const part = parts[index] as string;
    const equals = part.indexOf("=");
    const name = equals === -1 ? part : part.slice(0, equals);
    if (name.trim().toLowerCase() !== wanted) continue;
    return { index, name: name.trimEnd(), value: equals === -1 ? "" : part.slice(equals + 1).trim() };
  }
  return undefined;
}

/** Dots cannot climb out of the prefix. */
function joinPaths(prefix: string, path: string): string {
  const inner = posix.normalize(`/${path}`);
  return inner === "/" ? prefix : prefix + (inner.endsWith("/") ? inner.slice(0, -1) : inner);
}
