/** The known_hosts format (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): texts and a key in, what the files say of it out. */
import { createHash, createHmac, randomBytes } from "node:crypto";

export type KnownHostEntry = {
  readonly marker: "revoked" | "cert-authority" | undefined;
  /** Patterns separated by commas, or one hashed name. */
  readonly hosts: string;
  readonly type: string;
  /** Base64. */
  readonly key: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
};

export type HostKeyVerdict =
  | { readonly kind: "known" | "unknown" }
  | { readonly kind: "changed" | "revoked" | "authority-only"; readonly entry: KnownHostEntry };

/** Lines that are not understood are passed over, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): KnownHostEntry[] {
  const entries: KnownHostEntry[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    const match = /^[ \t]*(?:@(\S+)[ \t]+)?([^\s#@]\S*)[ \t]+(\S+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:\s|$)/.exec(line);
    if (match === null) continue;
    const [, marker, hosts = "", type = "", key = ""] = match;
    if (marker !== undefined && marker !== "revoked" && marker !== "cert-authority") continue;
    entries.push({ marker, hosts, type, key, file, line: at + 1 });
  }
  return entries;
}

/** Whether an entry's host field speaks of `name`, which is in lower case: `host`, or `[host]:port`. */
export function namesHost(hosts: string, name: string): boolean {
  if (hosts.startsWith("|")) return hashMatches(hosts, name);
  let found = false;
  for (const pattern of hosts.toLowerCase().split(",")) {
    const negated = pattern.startsWith("!");
    if (!wildcardMatches(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

/** What the entries say of a server that calls itself `name` and shows `key`, the blob of RFC 4253 §6.6. */
export function judgeHostKey(
  entries: readonly KnownHostEntry[],
  name: string,
  plainName: string | undefined,
  key: Buffer,
): HostKeyVerdict {
  const shown = key.toString("base64");
  const about = (of: string): KnownHostEntry[] => entries.filter((entry) => namesHost(entry.hosts, of));
  const own = about(name);
  // OpenSSH takes an entry without a port for any port, but only where it agrees.
  const plain = plainName === undefined ? [] : about(plainName);
  const revoked = [...own, ...plain].find((entry) => entry.marker === "revoked" && entry.key === shown);
  if (revoked !== undefined) return { kind: "revoked", entry: revoked };
  if ([...own, ...plain].some((entry) => entry.marker === undefined && entry.key === shown)) return { kind: "known" };
  const other =
    own.find((entry) => entry.marker === undefined && entry.type === keyType(key)) ??
    own.find((entry) => entry.marker === undefined);
  if (other !== undefined) return { kind: "changed", entry: other };
  const authority = own.find((entry) => entry.marker === "cert-authority");
  return authority === undefined ? { kind: "unknown" } : { kind: "authority-only", entry: authority };
}

/** The types of keys that are known for a host; only these may be negotiated, else a known key looks like a changed one. */
export function knownKeyTypes(
  entries: readonly KnownHostEntry[],
  name: string,
  plainName: string | undefined,
): string[] {
  const typesOf = (of: string): string[] =>
    entries.filter((entry) => entry.marker === undefined && namesHost(entry.hosts, of)).map((entry) => entry.type);
  const own = typesOf(name);
  return [...new Set(own.length > 0 || plainName === undefined ? own : typesOf(plainName))];
}

/** A line for a file, with its newline. */
export function knownHostsLine(name: string, key: Buffer, hashed: boolean): string {
  return `${hashed ? hashedName(name, randomBytes(20)) : name} ${keyType(key)} ${key.toString("base64")}\n`;
}

/** `SHA256:…`, as `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** The name that a key blob begins with. */
export function keyType(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0;
  return key.subarray(4, 4 + Math.min(length, 64)).toString("latin1");
}

function hashedName(name: string, salt: Buffer): string {
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

function hashMatches(hosts: string, name: string): boolean {
  const [, version, salt = "", hash] = hosts.split("|");
  return version === "1" && hash !== undefined && hashedName(name, Buffer.from(salt, "base64")).endsWith(`|${hash}`);
}

/** `*` and `?`, without backtracking over more than one star. */
function wildcardMatches(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let from = 0;
  while (at < name.length) {
    if (from < pattern.length && pattern[from] === "*") {
      star = from++;
      resume = at;
    } else if (from < pattern.length && (pattern[from] === "?" || pattern[from] === name[at])) {
      from++;
      at++;
    } else if (star !== -1) {
      from = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern[from] === "*") from++;
  return from === pattern.length;
}
