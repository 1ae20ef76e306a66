/** The name that a TLS client asks a certificate for: as sent → folded as routing compares hosts, or a refusal. */
import { isIPv4 } from "node:net";
import { hostOfAuthority } from "../http1/authority.ts";

/** Null for what is no host name: addresses (RFC 6066 §3), control characters, empty or overlong labels. */
export function foldServerName(text: string): string | null {
  if (text.includes(":") || text.startsWith("[")) return null;
  const name = hostOfAuthority(text);
  return name === null || isIPv4(name) ? null : name;
}

/** `*.` and all labels of `name` but the first. */
export function wildcardOf(name: string): string {
  return `*.${name.slice(name.indexOf(".") + 1)}`;
}
