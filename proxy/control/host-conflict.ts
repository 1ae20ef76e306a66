/** Two services must not claim the same host and path prefix. Source: proxy-behaviour §2.4. */
import { ProxyError } from "../errors.ts";
import type { ServiceOptions } from "../options/service-options.ts";

type Claimant = { readonly name: string; readonly service: ServiceOptions };
export type HostConflict = { readonly owner: string; readonly host: string; readonly pathPrefix: string };

/** The first pair of host and prefix that `name` wants and another service has; undefined when all are free. */
export function findConflict(
  name: string,
  wanted: ServiceOptions,
  others: Iterable<Claimant>,
): HostConflict | undefined {
  for (const other of others) {
    if (other.name === name) continue;
    const host = other.service.hosts.find((host) => wanted.hosts.includes(host));
    const pathPrefix = other.service.pathPrefixes.find((prefix) => wanted.pathPrefixes.includes(prefix));
    if (host !== undefined && pathPrefix !== undefined) return { owner: other.name, host, pathPrefix };
  }
  return undefined;
}

export function conflictError(conflict: HostConflict): ProxyError {
  const host = conflict.host === "" ? "any host" : conflict.host;
  return new ProxyError("host-conflict", "host settings conflict with another service", {
    hint: `${conflict.owner} already serves ${host} at ${conflict.pathPrefix}. Remove it, or deploy with another --host or --path-prefix.`,
  });
}
