/** The steps by which a version takes over, whatever the reason: configuration, selection and version in. Source: cli-deploy-flow §4. */
import type { Boot, Config } from "../config/config.ts";
import { allHosts, type Selection } from "../selection/selection.ts";
import type { BootGroup, Place, Step } from "./step.ts";

export function bootSteps(
  config: Config,
  selection: Selection,
  version: string,
  { rollback = false }: { rollback?: boolean } = {},
): Step[] {
  const { appHosts } = selection;
  if (appHosts.length === 0) return [];
  return [
    { kind: "prepare-files", version, places: placesOn(selection, appHosts) },
    {
      kind: "boot-version",
      version,
      groups: bootGroups(config, selection),
      waitSeconds: config.boot.waitSeconds,
      parallelRoles: config.boot.parallelRoles,
      rollback,
    },
    { kind: "tag-latest", version, hosts: appHosts },
    { kind: "record-hosts", hosts: appHosts },
  ];
}

/** Every selected role on each of these hosts, host by host. */
export function placesOn(selection: Selection, hosts: readonly string[]): Place[] {
  return hosts.flatMap((host) => selection.rolesOn(host).map((role) => ({ host, role: role.name })));
}

/** Consecutive hosts, as many at a time as `boot.limit` says. */
export function bootGroups(config: Config, selection: Selection): BootGroup[] {
  const { appHosts } = selection;
  const size = groupSize(config.boot.limit, allHosts(config).length) ?? appHosts.length;
  const groups: BootGroup[] = [];
  for (let from = 0; from < appHosts.length; from += size) {
    const hosts = appHosts.slice(from, from + size);
    groups.push({ hosts, places: placesOn(selection, hosts) });
  }
  return groups;
}

/** A percentage is of all hosts of the configuration, accessories' included, as in the original. */
function groupSize(limit: Boot["limit"], hosts: number): number | undefined {
  if (limit === undefined) return undefined;
  return Math.max("count" in limit ? limit.count : Math.floor((hosts * limit.percent) / 100), 1);
}
