/**
 * What one connection needs: the `ssh` section and the user's OpenSSH configuration in, one host's settings out.
 *
 * Who wins: user and port are always those of the section, as in the original. Everything else that the section names
 * (keys, keys_only, proxy, proxy_command, forward_agent) replaces OpenSSH's answer; what it does not name is OpenSSH's:
 * HostName, IdentityFile, IdentityAgent, IdentitiesOnly, ProxyJump, ProxyCommand, known_hosts files and policy.
 * `ssh.config: false` leaves OpenSSH's configuration unread.
 */
import { homedir, userInfo } from "node:os";
import type { Secret } from "../secret/secret.ts";
import { checkedUser, parseHostAddress } from "./host-address.ts";
import { CONNECT_TIMEOUT_MS } from "./limits.ts";
import type { AskOpenssh, OpensshConfig } from "./openssh-config.ts";

/** The `ssh` and `sshkit` sections, with their defaults applied. Config-schema §8. */
export type SshOptions = {
  readonly user: string;
  readonly port: number;
  /** `[user@]host[:port]`, several separated by commas; the user is root unless given. */
  readonly proxy?: string | undefined;
  readonly proxyCommand?: string | undefined;
  readonly keysOnly?: boolean | undefined;
  readonly keys?: readonly string[] | undefined;
  /** PEM texts. */
  readonly keyData?: readonly Secret[] | undefined;
  /** True for OpenSSH's standard files, false for none, or these files. */
  readonly config: boolean | readonly string[];
  /** Undefined leaves it to OpenSSH's `ForwardAgent`. */
  readonly forwardAgent?: boolean | undefined;
  /** `system` runs everything through the `ssh` program of this machine. */
  readonly transport: "built-in" | "system";
  readonly maxConcurrentStarts: number;
  readonly poolIdleTimeoutMs: number;
  readonly dnsRetries: number;
};

export const DEFAULT_SSH_OPTIONS: SshOptions = {
  user: "root",
  port: 22,
  config: true,
  transport: "built-in",
  maxConcurrentStarts: 30,
  poolIdleTimeoutMs: 900_000,
  dnsRetries: 3,
};

export type Identity =
  | {
      readonly kind: "file";
      readonly path: string /** Not only looked for because OpenSSH does so. */;
      readonly asked: boolean;
    }
  | { readonly kind: "data"; readonly key: Secret; readonly label: string };

export type Route =
  | { readonly kind: "direct" }
  | { readonly kind: "jump"; readonly hops: readonly string[]; readonly defaultUser: string | undefined }
  | { readonly kind: "command"; readonly command: string };

export type KnownHostsSettings = {
  /** What the host is listed as: HostKeyAlias, or its address and port. */
  readonly name: string;
  /** The same without a port, which an entry for all ports has. */
  readonly plainName: string | undefined;
  /** The first is written to. */
  readonly userFiles: readonly string[];
  readonly globalFiles: readonly string[];
  /** Unknown hosts are refused (StrictHostKeyChecking yes). */
  readonly strict: boolean;
  readonly hashNames: boolean;
};

export type HostSettings = {
  /** As configured. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly family: 0 | 4 | 6;
  readonly identities: readonly Identity[];
  readonly identitiesOnly: boolean;
  readonly agentSocket: string | undefined;
  readonly forwardAgent: boolean;
  readonly route: Route;
  readonly knownHosts: KnownHostsSettings;
  readonly connectTimeoutMs: number;
};

/** @throws HostError `host-name-invalid`, `ssh-config-invalid` */
export async function hostSettings(name: string, options: SshOptions, ask: AskOpenssh): Promise<HostSettings> {
  const parsed = parseHostAddress(name);
  const user = checkedUser(parsed.user ?? options.user, name);
  const port = parsed.port ?? options.port;
  const config = await answer(ask, options, parsed.host, user, port);
  return combined({ name, host: parsed.host, user, port }, options, config, routeOf(options, config));
}

/** A jump host's settings: its own OpenSSH configuration counts in full, and keys of the section are offered, too. */
export async function jumpSettings(
  hop: string,
  defaultUser: string | undefined,
  options: SshOptions,
  ask: AskOpenssh,
): Promise<HostSettings> {
  const parsed = parseHostAddress(hop);
  const asked = parsed.user ?? defaultUser;
  const config = await answer(ask, options, parsed.host, asked, parsed.port);
  const user = checkedUser(asked ?? one(config, "user") ?? userInfo().username, hop);
  const port = parsed.port ?? Number(one(config, "port") ?? 22);
  const route = routeOf({ ...options, proxy: undefined, proxyCommand: undefined }, config);
  return combined({ name: hop, host: parsed.host, user, port }, options, config, route);
}

async function answer(
  ask: AskOpenssh,
  options: SshOptions,
  host: string,
  user: string | undefined,
  port: number | undefined,
) {
  if (options.config === false) return undefined;
  return ask({ host, user, port, files: options.config });
}

type Target = { readonly name: string; readonly host: string; readonly user: string; readonly port: number };

function combined(target: Target, options: SshOptions, config: OpensshConfig | undefined, route: Route): HostSettings {
  const address = one(config, "hostname") ?? target.host;
  const expand = expander({ ...target, address });
  const family = one(config, "addressfamily");
  const timeout = Number(one(config, "connecttimeout") ?? Number.NaN);
  return {
    name: target.name,
    address,
    port: target.port,
    user: target.user,
    family: family === "inet" ? 4 : family === "inet6" ? 6 : 0,
    identities: identitiesOf(options, config, expand),
    identitiesOnly: options.keysOnly ?? yes(one(config, "identitiesonly")),
    agentSocket: agentSocketOf(config, expand),
    forwardAgent: options.forwardAgent ?? yes(one(config, "forwardagent")),
    route: route.kind === "command" ? { kind: "command", command: expand(route.command) } : route,
    knownHosts: knownHostsOf(one(config, "hostkeyalias") ?? address, target.port, config, expand),
    connectTimeoutMs: timeout > 0 ? timeout * 1000 : CONNECT_TIMEOUT_MS,
  };
}

function routeOf(options: SshOptions, config: OpensshConfig | undefined): Route {
  if (options.proxy !== undefined) return { kind: "jump", hops: hopsOf(options.proxy), defaultUser: "root" };
  if (options.proxyCommand !== undefined) return { kind: "command", command: options.proxyCommand };
  const jump = one(config, "proxyjump");
  if (jump !== undefined && jump !== "none") return { kind: "jump", hops: hopsOf(jump), defaultUser: undefined };
  const command = one(config, "proxycommand");
  return command === undefined || command === "none" ? { kind: "direct" } : { kind: "command", command };
}

function hopsOf(list: string): string[] {
  const hops = list.split(",").map((hop) => hop.trim().replace(/^ssh:\/\//, ""));
  for (const hop of hops) parseHostAddress(hop);
  return hops;
}

function identitiesOf(
  options: SshOptions,
  config: OpensshConfig | undefined,
  expand: (text: string) => string,
): Identity[] {
  const data = (options.keyData ?? []).map((key, at): Identity => ({ kind: "data", key, label: `key_data ${at + 1}` }));
  if (options.keys !== undefined && options.keys.length > 0) {
    return [...options.keys.map((path): Identity => ({ kind: "file", path: expand(path), asked: true })), ...data];
  }
  if (data.length > 0 && options.keysOnly === true) return data;
  const files = many(config, "identityfile") ?? DEFAULT_IDENTITIES;
  return [
    ...data,
    ...files.map((path): Identity => ({ kind: "file", path: expand(path), asked: !DEFAULT_IDENTITIES.includes(path) })),
  ];
}

const DEFAULT_IDENTITIES: readonly string[] = ["rsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk", "xmss", "dsa"].map(
  (type) => `~/.ssh/id_${type}`,
);

function agentSocketOf(config: OpensshConfig | undefined, expand: (text: string) => string): string | undefined {
  const named = one(config, "identityagent");
  const standard = process.env["SSH_AUTH_SOCK"] || undefined;
  if (named === undefined || named === "SSH_AUTH_SOCK") return standard;
  if (named === "none") return undefined;
  return named.startsWith("$") && !named.includes("/") ? process.env[named.replace(/[${}]/g, "")] : expand(named);
}

function knownHostsOf(
  host: string,
  port: number,
  config: OpensshConfig | undefined,
  expand: (text: string) => string,
): KnownHostsSettings {
  const files = (keyword: string, otherwise: string): string[] =>
    (one(config, keyword) ?? otherwise)
      .split(/\s+/)
      .filter((file) => file !== "none")
      .map(expand);
  const policy = one(config, "stricthostkeychecking");
  const plain = host.toLowerCase();
  const aliased = one(config, "hostkeyalias") !== undefined;
  return {
    name: port === 22 || aliased ? plain : `[${plain}]:${port}`,
    plainName: port === 22 || aliased ? undefined : plain,
    userFiles: files("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2"),
    globalFiles: files("globalknownhostsfile", "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"),
    strict: policy === "yes" || policy === "true",
    hashNames: yes(one(config, "hashknownhosts")),
  };
}

/** Tokens of ssh_config(5) that paths and commands may hold, and `~`. */
function expander(target: Target & { readonly address: string }): (text: string) => string {
  const tokens: Readonly<Record<string, string>> = {
    "%": "%",
    d: homedir(),
    h: target.address,
    i: String(process.getuid?.() ?? ""),
    n: target.host,
    p: String(target.port),
    r: target.user,
    u: userInfo().username,
  };
  return (text) =>
    text
      .replace(/^~(?=\/)/, () => process.env["HOME"] ?? homedir())
      .replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => process.env[name] ?? "")
      .replace(/%(.)/g, (whole, token: string) => tokens[token] ?? whole);
}

function one(config: OpensshConfig | undefined, keyword: string): string | undefined {
  return config?.get(keyword)?.[0];
}

function many(config: OpensshConfig | undefined, keyword: string): readonly string[] | undefined {
  return config?.get(keyword);
}

function yes(value: string | undefined): boolean {
  return value !== undefined && value !== "no" && value !== "false";
}
