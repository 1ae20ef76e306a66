/** Target addresses: `host[:port]` as a person writes it → host and port for dialling. */
import { isIPv6 } from "node:net";
import { ProxyError } from "../errors.ts";

export type TargetAddress = { readonly host: string; readonly port: number };

const DEFAULT_PORT = 80;
const NAME = /^(?=.*[A-Za-z0-9])[A-Za-z0-9_](?:[A-Za-z0-9_.+-]*[A-Za-z0-9_])?$/;

/**
 * Parses `name[:port]`, `a.b.c.d[:port]` or `[v6][:port]`; the port defaults to 80.
 * @throws ProxyError `invalid-target` for a scheme, a path, blanks, a bad port. Source: proxy-behaviour §3.1.
 */
export function parseTargetAddress(text: string): TargetAddress {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? "";
  const port = match?.[2] === undefined ? DEFAULT_PORT : Number(match[2]);
  const named = host.startsWith("[") ? isIPv6(host.slice(1, -1)) : host.length <= 253 && NAME.test(host);
  if (!match || !named || port < 1 || port > 65_535) {
    throw new ProxyError("invalid-target", `${text} :invalid host pattern`, {
      hint: "A target is host[:port], for example app-v2:3000 or [fd00::1]:3000; no scheme, no path.",
    });
  }
  return { host: host.startsWith("[") ? host.slice(1, -1) : host, port };
}

/** The canonical `host:port` of an address, with brackets around an IPv6 literal. */
export function formatTargetAddress(address: TargetAddress): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
