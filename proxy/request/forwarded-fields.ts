/** The fields that the proxy itself adds to a forwarded request, as wire text. Source: proxy-behaviour §7.2. */

import { addressOfHop } from "./client-address.ts";
import { type Exchange, type Forwarding, Peer } from "./exchange.ts";

/** What the client sent under the names that the proxy speaks for; undefined where it sent nothing. */
export type ClaimedFields = {
  forwardedFor: string | undefined;
  forwardedProto: string | undefined;
  forwardedHost: string | undefined;
  kamalTarget: string | undefined;
  hasForwardedPrefix: boolean;
  hasRequestId: boolean;
  hasRequestStart: boolean;
};

/** True when the client's own forwarded fields are passed on: the service wants them, and their sender is not a stranger. */
export function believesForwardedFields(exchange: Exchange, forwarding: Forwarding): boolean {
  return forwarding.forwardHeaders && exchange.peer !== Peer.Stranger;
}

/**
 * X-Forwarded-For/-Proto/-Host/-Prefix, X-Request-ID, X-Request-Start and X-Kamal-Target. If they are believed, the
 * client's values stay (and are extended where they are lists); otherwise they are replaced.
 */
export function forwardedFields(exchange: Exchange, claimed: ClaimedFields, forwarding: Forwarding): string {
  const trusted = believesForwardedFields(exchange, forwarding);
  const before = exchange.statedAddress || claimed.forwardedFor;
  const chain = trusted && before ? `${before}, ` : "";
  const proto = (trusted && claimed.forwardedProto) || exchange.scheme;
  const host = (trusted && claimed.forwardedHost) || exchange.authority;
  const route = trusted && claimed.kamalTarget ? `${claimed.kamalTarget}, ` : "";
  const tellsPrefix = exchange.strippedPrefix !== "" && !(trusted && claimed.hasForwardedPrefix);
  const prefix = tellsPrefix ? `X-Forwarded-Prefix: ${exchange.strippedPrefix}\r\n` : "";
  const requestId = claimed.hasRequestId ? "" : `X-Request-ID: ${exchange.requestId}\r\n`;
  const requestStart = claimed.hasRequestStart ? "" : `X-Request-Start: t=${exchange.receivedAtMs}\r\n`;
  return `X-Forwarded-For: ${chain}${exchange.clientAddress}\r\nX-Forwarded-Proto: ${proto}\r\n${
    host === "" ? "" : `X-Forwarded-Host: ${host}\r\n`
  }${prefix}${requestId}${requestStart}X-Kamal-Target: ${route}${forwarding.target}\r\n`;
}

/**
 * Reads the address that a proxy in front states in the field `name` (lower case), unless it comes from a stranger:
 * then nobody sees the field at all. A trusted proxy's word has to be one address.
 */
export function readStatedAddress(exchange: Exchange, name: string): void {
  exchange.clientIpField = name;
  if (exchange.peer === Peer.Stranger) return;
  const value = exchange.requestField(name) ?? "";
  exchange.statedAddress = exchange.peer === Peer.Trusted ? (addressOfHop(value) ?? "") : value;
  if (exchange.statedAddress !== "") exchange.remoteAddress = exchange.statedAddress;
}

/** The scheme that the client uses: of its connection to us, or to the trusted proxy that speaks for it. */
export function schemeOfClient(exchange: Exchange): string {
  if (exchange.peer !== Peer.Trusted) return exchange.scheme;
  const stated = exchange.requestField("x-forwarded-proto")?.toLowerCase();
  return stated === "https" || stated === "http" ? stated : exchange.scheme;
}

const MAX_REQUEST_ID = 128;

/** A request id that may be kept: 1 to 128 visible ASCII characters. */
export function isRequestId(value: string): boolean {
  return value.length > 0 && value.length <= MAX_REQUEST_ID && /^[\x21-\x7e]+$/.test(value);
}
