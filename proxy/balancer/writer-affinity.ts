/**
 * Writer affinity: after a write, a cookie keeps the client's reads on writers until readers have caught up.
 * Source: proxy-behaviour §4.
 */
import type { ResponseHead } from "../http1/response-head.ts";
import { cookieValue } from "../request/cookie.ts";
import type { Exchange } from "../request/exchange.ts";

const COOKIE = "kamal-writer";
/** The application's word that a write needs no affinity. */
const OPT_OUT_FIELD = "x-writer-affinity";
/** How far the clocks of several proxies that share their clients may be apart. */
const CLOCK_SKEW_MS = 60_000;
/** The cookie outlives its value a little: the value decides. */
const COOKIE_GRACE_MS = 1_000;

/**
 * True when the client has written a moment ago. The cookie is not signed; a value further ahead than this proxy would
 * ever set is not its own, so nobody pins himself to the writers for good.
 */
export function isPinnedToWriter(exchange: Exchange, timeoutMs: number): boolean {
  const field = exchange.requestField("cookie");
  const value = field === undefined ? undefined : cookieValue(field, COOKIE);
  if (value === undefined || !/^\d{1,16}$/.test(value)) return false;
  const now = Date.now();
  const until = Number(value);
  return until > now && until <= now + timeoutMs + CLOCK_SKEW_MS;
}

/** The cookie line for the response to a write, or nothing if the application declines; its word stays between us. */
export function affinityCookie(exchange: Exchange, head: ResponseHead, timeoutMs: number): string {
  const wanted = head.valueOf(OPT_OUT_FIELD) !== "false";
  head.fields.drop(head.bytes, OPT_OUT_FIELD);
  if (!wanted) return "";
  const until = Date.now() + timeoutMs;
  const expires = new Date(until + COOKIE_GRACE_MS).toUTCString();
  const secure = exchange.scheme === "https" ? "; Secure; SameSite=Lax" : "";
  return `Set-Cookie: ${COOKIE}=${until}; Path=/; Expires=${expires}; HttpOnly${secure}\r\n`;
}
