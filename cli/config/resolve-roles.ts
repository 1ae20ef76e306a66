/** `servers` → roles with their hosts, in order, each with what it has of its own and what it has from the root. */
import type { AssetPath, Logging, Options, Proxy, Role, RoleHost } from "./config.ts";
import type { Draft } from "./draft.ts";
import { envTags, mergeEnv } from "./resolve-env.ts";
import type { EnvInput } from "./section/env.ts";
import type { HostEntry } from "./section/role.ts";
import type { RootInput } from "./section/root.ts";
import { type KeyPath, mergeTrees, nodeAt, type TreeNode } from "./tree.ts";

const LIST_ROLE = "web";
const DEFAULT_LOG_OPTIONS = { "max-size": "10m" };

type RoleInput = Exclude<Exclude<RootInput["servers"], undefined | readonly HostEntry[]>[string], readonly HostEntry[]>;

export function resolveRoles(draft: Draft, primaryRole: string): Role[] {
  return roleInputs(draft.input)
    .toSorted(([one], [other]) => rank(one, primaryRole) - rank(other, primaryRole) || (one < other ? -1 : 1))
    .map(([name, role]) => resolveRole(draft, name, role, name === primaryRole));
}

/** Docker's log options of app containers; of accessories, without a role. */
export function resolveLogging(root: RootInput["logging"], role: RoleInput["logging"]): Logging {
  const driver = role?.driver ?? root?.driver;
  const options = { ...root?.options, ...role?.options };
  return { driver, options: driver === undefined && Object.keys(options).length === 0 ? DEFAULT_LOG_OPTIONS : options };
}

/** `restart` has a place of its own on the command line. */
export function splitRestart(options: Options | undefined): { options: Options; restart: string } {
  const { restart, ...others } = options ?? {};
  return { options: others, restart: typeof restart === "string" ? restart : "unless-stopped" };
}

function rank(name: string, primaryRole: string): number {
  return name === primaryRole ? 0 : 1;
}

function roleInputs(input: RootInput): [string, RoleInput][] {
  const { servers } = input;
  if (servers === undefined) return [];
  if (Array.isArray(servers)) return [[LIST_ROLE, { hosts: servers }]];
  return Object.entries(servers).map(([name, role]) => [name, Array.isArray(role) ? { hosts: role } : role]);
}

function resolveRole(draft: Draft, name: string, role: RoleInput, primary: boolean): Role {
  const { input } = draft;
  const proxy = roleProxy(draft, name, role, primary);
  return {
    name,
    primary,
    hosts: resolveHosts(role.hosts ?? [], input.env, role.env),
    cmd: role.cmd,
    proxy,
    labels: { ...input.labels, ...role.labels },
    ...splitRestart(role.options),
    logging: resolveLogging(input.logging, role.logging),
    assetPaths: assetPathsOf(role.asset_path ?? input.asset_path),
    stopTimeoutSeconds:
      role.stop_timeout ?? input.stop_timeout ?? (proxy === undefined ? (input.drain_timeout ?? 30) : undefined),
  };
}

/** `PATH` or `PATH:OPTIONS`, one or several. */
function assetPathsOf(written: string | readonly string[] | undefined): AssetPath[] {
  const all = written === undefined ? [] : typeof written === "string" ? [written] : written;
  return all.map((one) => {
    const [path = "", mountOptions] = one.split(":");
    return { path, mountOptions };
  });
}

/** A host that is named twice counts once, with the tags it has last. */
function resolveHosts(
  entries: readonly HostEntry[],
  rootEnv: EnvInput | undefined,
  roleEnv: RoleInput["env"],
): RoleHost[] {
  const tagsByHost = new Map<string, readonly string[]>();
  for (const entry of entries) {
    const named: [string, string | readonly string[]][] =
      typeof entry === "string" ? [[entry, []]] : Object.entries(entry);
    for (const [host, tags] of named) tagsByHost.set(host, typeof tags === "string" ? [tags] : tags);
  }
  const byTag = envTags(rootEnv);
  return [...tagsByHost].map(([name, tags]) => ({
    name,
    tags,
    // A tag without variables may be there for an accessory.
    env: mergeEnv([rootEnv, roleEnv, ...tags.map((tag) => (Object.hasOwn(byTag, tag) ? byTag[tag] : undefined))]),
  }));
}

/** The primary role has a proxy unless it says false; another one only if it says so. */
function roleProxy(draft: Draft, name: string, role: RoleInput, primary: boolean): Proxy | undefined {
  const wanted = primary
    ? role.proxy !== false
    : role.proxy !== undefined && role.proxy !== null && role.proxy !== false;
  if (!wanted) return undefined;
  const at: KeyPath = ["servers", name, "proxy"];
  const own = nodeAt(draft.tree, at);
  const root = nodeAt(draft.tree, ["proxy"]);
  const nothing: TreeNode = {
    kind: "map",
    entries: new Map(),
    at: (own ?? root ?? nodeAt(draft.tree, ["servers"]) ?? draft.tree).at,
  };
  if (own?.kind !== "map") return draft.proxyOf(root ?? nothing, ["proxy"]);
  return draft.proxyOf(mergeTrees(root ?? nothing, own), at);
}
