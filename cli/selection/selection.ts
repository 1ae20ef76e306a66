/** `--hosts`, `--roles` and `--primary` → the hosts and roles that a command is about, in the order in which they are taken. Source: cli-commands §1. */
import type { Accessory, Config, Role } from "../config/config.ts";
import { KdeployError } from "../errors.ts";
import { matching, patternsIn } from "./pattern.ts";

export type Filters = {
  /** As typed: patterns, separated by commas. */
  readonly hosts?: string | undefined;
  readonly roles?: string | undefined;
  readonly primary?: boolean | undefined;
};

export type Selection = {
  /** Of roles and accessories; those of the primary role first. */
  readonly hosts: readonly string[];
  /** The primary one first, the others by name. */
  readonly roles: readonly Role[];
  readonly primaryHost: string;
  /** Undefined when no selected role is on the primary host. */
  readonly primaryRole: Role | undefined;
  /** Of roles. */
  readonly appHosts: readonly string[];
  /** Of all roles and accessories that are behind the proxy. */
  readonly proxyHosts: readonly string[];
  /** Of an accessory: the selected ones, in its own order. */
  readonly accessoryHosts: (accessory: Accessory) => readonly string[];
  /** The selected roles of a host, in order. */
  readonly rolesOn: (host: string) => readonly Role[];
  /** The one host that holds the lock, whatever is selected: two deploys must meet there. */
  readonly lockHost: string;
};

/** @throws KdeployError, usage, when nothing matches */
export function select(config: Config, filters: Filters): Selection {
  const everywhere = allHosts(config);
  const wantedRoles = filters.roles === undefined ? undefined : rolesMatching(config, filters.roles);
  const wantedHosts = hostsWanted(config, filters, everywhere, wantedRoles);
  const hosts = within(wantedHosts ?? everywhere, wantedRoles);
  if (hosts.length === 0 && everywhere.length > 0) nothing("hosts and roles", `${filters.hosts} with ${filters.roles}`);
  const roles = byName(wantedRoles ?? config.roles).filter((role) =>
    hostsOf(role).some((host) => (wantedHosts ?? everywhere).includes(host)),
  );
  const rolesOn = (host: string) => ordered.filter((role) => hostsOf(role).includes(host));
  const first = wantedHosts?.[0] ?? firstHost(config, wantedRoles) ?? primaryHostOf(config);
  const primaryRole = primaryOrFirst(
    config,
    roles.filter((role) => hostsOf(role).includes(first)),
  );
  const ordered = primaryRole === undefined ? roles : [primaryRole, ...roles.filter((role) => role !== primaryRole)];
  const primaryRoleHosts = primaryRole === undefined ? [] : hostsOf(primaryRole);
  const primaryFirst = (names: readonly string[]) =>
    names.toSorted((one, other) => rank(one, primaryRoleHosts) - rank(other, primaryRoleHosts));
  const selected = (names: readonly string[]) => [...new Set(names)].filter((name) => hosts.includes(name));
  return {
    hosts: primaryFirst(hosts),
    roles: ordered,
    primaryHost: first,
    primaryRole,
    appHosts: primaryFirst(selected(config.roles.flatMap(hostsOf))),
    proxyHosts: selected(proxyHostsOf(config)),
    accessoryHosts: (accessory) => selected(accessory.hosts),
    rolesOn,
    lockHost: primaryHostOf(config),
  };
}

/** Of roles in their order, then of accessories; each once. */
export function allHosts(config: Config): string[] {
  return [
    ...new Set([...config.roles.flatMap(hostsOf), ...config.accessories.flatMap((accessory) => accessory.hosts)]),
  ];
}

/** Of the whole configuration. */
export function primaryHostOf(config: Config): string {
  const primary = config.roles.find((role) => role.primary);
  return primary?.hosts[0]?.name ?? allHosts(config)[0] ?? "";
}

function hostsWanted(
  config: Config,
  filters: Filters,
  everywhere: readonly string[],
  wantedRoles: readonly Role[] | undefined,
): readonly string[] | undefined {
  if (filters.primary === true) {
    return [wantedRoles?.[0]?.hosts[0]?.name ?? primaryHostOf(config)];
  }
  if (filters.hosts === undefined) return undefined;
  const found = matching(patternsIn(filters.hosts), everywhere);
  return found.length > 0 ? found : nothing("hosts", filters.hosts);
}

/** In the order of the patterns: the first one counts as the primary's stand-in. */
function rolesMatching(config: Config, list: string): Role[] {
  const names = matching(
    patternsIn(list),
    config.roles.map((role) => role.name),
  );
  if (names.length === 0) nothing("roles", list);
  return names.flatMap((name) => config.roles.filter((role) => role.name === name));
}

/** Roles without hosts limit nothing, as in the original. */
function within(hosts: readonly string[], roles: readonly Role[] | undefined): readonly string[] {
  const allowed = roles?.flatMap(hostsOf) ?? [];
  return allowed.length === 0 ? hosts : hosts.filter((host) => allowed.includes(host));
}

function firstHost(config: Config, roles: readonly Role[] | undefined): string | undefined {
  return roles === undefined ? undefined : primaryOrFirst(config, roles)?.hosts[0]?.name;
}

function primaryOrFirst(config: Config, roles: readonly Role[]): Role | undefined {
  return roles.find((role) => role.name === config.primaryRole) ?? roles[0];
}

function proxyHostsOf(config: Config): string[] {
  const behindProxy = config.accessories.filter((accessory) => accessory.proxy !== undefined);
  return [
    ...config.roles.filter((role) => role.proxy !== undefined).flatMap(hostsOf),
    ...behindProxy.flatMap((accessory) => accessory.hosts),
  ];
}

function byName(roles: readonly Role[]): Role[] {
  return roles.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

function hostsOf(role: Role): string[] {
  return role.hosts.map((host) => host.name);
}

function rank(host: string, first: readonly string[]): number {
  return first.includes(host) ? 0 : 1;
}

function nothing(what: string, wanted: string): never {
  throw new KdeployError("selection-empty", `no ${what} match ${wanted}`, {
    exitClass: "usage",
    hint: "kdeploy config lists the hosts and roles of this configuration",
  });
}
