/** Whose forwarded headers are believed, as given on the command line → address ranges. */
import { isIP } from "node:net";
import { ProxyError } from "../errors.ts";
import { quote } from "./value-syntax.ts";

/** Names for ranges that nobody wants to type. */
const PRESETS: ReadonlyMap<string, readonly string[]> = new Map([
  // RFC 1918, loopback and link-local; RFC 4193 and RFC 4291 for IPv6.
  [
    "private",
    [
      "10.0.0.0/8",
      "172.16.0.0/12",
      "192.168.0.0/16",
      "127.0.0.0/8",
      "169.254.0.0/16",
      "::1/128",
      "fc00::/7",
      "fe80::/10",
    ],
  ],
  // As published at https://www.cloudflare.com/ips/; to be compared before each release.
  [
    "cloudflare",
    [
      "173.245.48.0/20",
      "103.21.244.0/22",
      "103.22.200.0/22",
      "103.31.4.0/22",
      "141.101.64.0/18",
      "108.162.192.0/18",
      "190.93.240.0/20",
      "188.114.96.0/20",
      "197.234.240.0/22",
      "198.41.128.0/17",
      "162.158.0.0/15",
      "104.16.0.0/13",
      "104.24.0.0/14",
      "172.64.0.0/13",
      "131.0.72.0/22",
      "2400:cb00::/32",
      "2606:4700::/32",
      "2803:f800::/32",
      "2405:b500::/32",
      "2405:8100::/32",
      "2a06:98c0::/29",
      "2c0f:f248::/32",
    ],
  ],
]);

/**
 * Presets are spelled out, single addresses get their full prefix length.
 * @returns `address/bits`, each once
 * @throws ProxyError `invalid-argument`
 */
export function readTrustedProxies(given: readonly string[]): readonly string[] {
  return [...new Set(given.flatMap((text) => PRESETS.get(text) ?? [rangeOf(text)]))];
}

function rangeOf(text: string): string {
  const [, address = "", bits] = /^([^/%]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  const widest = family === 4 ? 32 : 128;
  if (family === 0 || Number(bits ?? widest) > widest) {
    throw new ProxyError("invalid-argument", `--trusted-proxy ${quote(text)} is not an address range`, {
      hint: `Ranges look like 10.0.0.0/8 or fd00::/8; there are also the names ${[...PRESETS.keys()].join(" and ")}.`,
    });
  }
  return `${address}/${bits ?? widest}`;
}
