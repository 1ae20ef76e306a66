/** What services have to know of one another: the TLS of their host's root, and whose name stands in for none. Source: §2.5, §2.6. */
import type { ServiceOptions } from "../options/service-options.ts";
import type { TlsRoute } from "../route/routing-table.ts";
import type { ServiceRecord } from "./service-record.ts";

export type SyncedTls = TlsRoute;

const WITHOUT_ROOT: SyncedTls = { enabled: false, redirect: true, automatic: false, hstsSeconds: 0 };

/**
 * Computed anew for every table and every list, and never written into a service's own options: what belongs to the
 * root must not come back from the state file as somebody else's.
 */
export class TlsSync {
  /**
   * The host whose certificate is shown to clients that name none; empty when no service with hosts speaks TLS. The same
   * services always give the same one: that of the first name, bytewise.
   */
  readonly defaultHost: string;
  readonly #roots = new Map<string, SyncedTls>();

  constructor(records: Iterable<ServiceRecord>) {
    let first: ServiceRecord | undefined;
    for (const record of records) {
      const { service, name } = record;
      // Only the root of a host has TLS of its own; without hosts (on demand) there is no name to show.
      if (service.tls.enabled && service.hosts[0] !== "" && (first === undefined || name < first.name)) first = record;
      if (!service.pathPrefixes.includes("/")) continue;
      for (const host of service.hosts) this.#roots.set(host, ownTls(service));
    }
    this.defaultHost = first?.service.hosts[0] ?? "";
  }

  of({ service }: ServiceRecord): SyncedTls {
    if (service.pathPrefixes.includes("/")) return ownTls(service);
    // Its own host is a bucket of its own, so no wildcard and no default host can stand in for a missing root.
    return this.#roots.get(service.hosts[0] ?? "") ?? WITHOUT_ROOT;
  }
}

function ownTls({ tls }: ServiceOptions): SyncedTls {
  const { enabled, redirect, hstsSeconds, certificatePath } = tls;
  return { enabled, redirect, hstsSeconds, automatic: enabled && certificatePath === "" };
}
