/** The fields that the proxy itself adds to a forwarded request, as wire text. Source: proxy-behaviour §7.2. */
import type { Exchange, Forwarding } from "./exchange.ts";

/** What the client sent under the names that the proxy speaks for; undefined where it sent nothing. */
export type ClaimedFields = {
  forwardedFor: string | undefined;
  forwardedProto: string | undefined;
  forwardedHost: string | undefined;
  kamalTarget: string | undefined;
  hasRequestId: boolean;
  hasRequestStart: boolean;
};

/**
 * X-Forwarded-For/-Proto/-Host, X-Request-ID, X-Request-Start and X-Kamal-Target. With `forwardHeaders` the client's
 * values are believed (and extended where they are lists); without, they are replaced.
 */
export function forwardedFields(exchange: Exchange, claimed: ClaimedFields, forwarding: Forwarding): string {
  const trusted = forwarding.forwardHeaders;
  const chain = trusted && claimed.forwardedFor ? `${claimed.forwardedFor}, ` : "";
  const proto = (trusted && claimed.forwardedProto) || exchange.scheme;
  const host = (trusted && claimed.forwardedHost) || exchange.authority;
  const route = trusted && claimed.kamalTarget ? `${claimed.kamalTarget}, ` : "";
  const requestId = claimed.hasRequestId ? "" : `X-Request-ID: ${exchange.requestId}\r\n`;
  const requestStart = claimed.hasRequestStart ? "" : `X-Request-Start: t=${exchange.receivedAtMs}\r\n`;
  return `X-Forwarded-For: ${chain}${exchange.clientAddress}\r\nX-Forwarded-Proto: ${proto}\r\n${
    host === "" ? "" : `X-Forwarded-Host: ${host}\r\n`
  }${requestId}${requestStart}X-Kamal-Target: ${route}${forwarding.target}\r\n`;
}

const MAX_REQUEST_ID = 128;

/** A request id that may be kept: 1 to 128 visible ASCII characters. */
export function isRequestId(value: string): boolean {
  return value.length > 0 && value.length <= MAX_REQUEST_ID && /^[\x21-\x7e]+$/.test(value);
}
