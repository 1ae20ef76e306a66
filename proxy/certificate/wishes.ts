/** The services → the names for which the proxy gets certificates itself, and who a name belongs to. */

import type { ServiceOptions } from "../options/service-options.ts";
import { directoryUrlOf, type TlsOptions } from "../options/tls-options.ts";
import type { Gate } from "../route/routing-table.ts";
import { storeDirectoryOf, unissuableReason } from "./authority.ts";
import { wildcardOf } from "./certificate-pair.ts";
import type { OrderSettings } from "./ordering.ts";

/** What certificates have to know of a service. */
export type TlsService = {
  readonly name: string;
  readonly service: ServiceOptions;
  readonly gate: Gate;
  readonly targets: readonly {
    readonly role: "writer" | "reader";
    readonly address: string;
    readonly health: string;
  }[];
};

export type Wish = {
  readonly name: string;
  /** Where certificates of its authority are. */
  readonly directory: string;
  readonly settings: OrderSettings;
};

/** Without names that no order could ever bring. */
export function wishesOf(services: Iterable<Pick<TlsService, "service">>, dataDirectory: string): Wish[] {
  return Array.from(services).flatMap(({ service }) => {
    const { tls, hosts } = service;
    if (!isAutomatic(tls)) return [];
    return hosts.filter((host) => isIssuable(host, tls)).map((host) => wishFor(host, tls, dataDirectory));
  });
}

export function wishFor(name: string, tls: TlsOptions, dataDirectory: string): Wish {
  const { email, eabKeyId, eabKeyPath, dnsHook } = tls;
  return {
    name,
    directory: storeDirectoryOf(tls, dataDirectory),
    settings: { directory: directoryUrlOf(tls), email, eabKeyId, eabKeyPath, dnsHook },
  };
}

/** Its hosts get certificates by themselves; those of an on-demand service are not known beforehand. */
export function isAutomatic(tls: TlsOptions): boolean {
  return tls.enabled && tls.certificatePath === "" && tls.onDemandUrl === "";
}

export function isOnDemand(tls: TlsOptions): boolean {
  return tls.enabled && tls.onDemandUrl !== "";
}

export function isIssuable(host: string, tls: TlsOptions): boolean {
  return unissuableReason(host, directoryUrlOf(tls)) === undefined && (!host.startsWith("*.") || tls.dnsHook !== "");
}

/** The service at the root of a name: an exact host before a wildcard, a wildcard before any host. */
export function ownerOf<Service extends TlsService>(name: string, services: Iterable<Service>): Service | undefined {
  const all = Array.from(services);
  for (const host of [name, wildcardOf(name), ""]) {
    const claimants = all.filter(({ service }) => service.hosts.includes(host));
    if (claimants.length > 0) return claimants.find(({ service }) => service.pathPrefixes.includes("/"));
  }
  return undefined;
}
