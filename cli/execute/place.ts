/** A step's names → what the configuration says of them. */
import type { Role, RoleHost } from "../config/config.ts";
import type { Place } from "../plan/step.ts";
import type { Work } from "./work.ts";

export type RoleOnHost = { readonly host: string; readonly role: Role; readonly roleHost: RoleHost };

/** @throws RangeError for a plan that was made from another configuration */
export function placed(work: Work, { host, role: name }: Place): RoleOnHost {
  const role = work.config.roles.find((one) => one.name === name);
  const roleHost = role?.hosts.find((one) => one.name === host);
  if (role === undefined || roleHost === undefined) throw new RangeError(`no role ${name} on ${host}`);
  return { host, role, roleHost };
}

/** Hosts in order, each once, with their roles in order. */
export function byHost<Here extends { readonly host: string }>(all: readonly Here[]): ReadonlyMap<string, Here[]> {
  const hosts = new Map<string, Here[]>();
  for (const one of all) hosts.set(one.host, [...(hosts.get(one.host) ?? []), one]);
  return hosts;
}
