/** A server may have several names in a configuration, or had another one: whose things are on it is told by all of them. */
import type { Config } from "../../config/config.ts";
import type { HostFacts } from "../../remote/inventory-facts.ts";
import type { Comparison } from "./comparison.ts";

/** The same Docker, with the same containers: copies of a server have one id, but not for long one and the same container. */
export function isSameServer(one: HostFacts, other: HostFacts): boolean {
  if (one.engineId === "" || one.engineId !== other.engineId) return false;
  const ids = new Set(other.containers.map(({ id }) => id));
  return one.containers.some(({ id }) => ids.has(id)) || one.containers.length + ids.size === 0;
}

/**
 * The configuration as if all that belongs on the server, by whatever name, belonged on this host: only what is not in it is left over.
 * A host that was not asked may be the same server.
 */
export function wholeServer({ config, facts }: Pick<Comparison, "config" | "facts">, host: string): Config {
  const here = facts.get(host);
  const isHere = (name: string): boolean => {
    const there = facts.get(name);
    return name !== host && (there === undefined || (here !== undefined && isSameServer(here, there)));
  };
  return {
    ...config,
    roles: config.roles.map((role) => {
      const meant = role.hosts.some(({ name }) => name === host)
        ? undefined
        : role.hosts.find(({ name }) => isHere(name));
      return meant === undefined ? role : { ...role, hosts: [...role.hosts, { ...meant, name: host }] };
    }),
    accessories: config.accessories.map((accessory) =>
      accessory.hosts.some(isHere) ? { ...accessory, hosts: [...new Set([...accessory.hosts, host])] } : accessory,
    ),
  };
}
