/** What services have to know of one another: the TLS of their host's root, and whose name stands in for none. Source: §2.5, §2.6. */
import type { ServiceRecord } from "./service-record.ts";

export type SyncedTls = { readonly enabled: boolean; readonly redirect: boolean };

const WITHOUT_ROOT: SyncedTls = { enabled: false, redirect: true };

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
      for (const host of service.hosts) this.#roots.set(host, service.tls);
    }
    this.defaultHost = first?.service.hosts[0] ?? "";
  }

  of({ service }: ServiceRecord): SyncedTls {
    if (service.pathPrefixes.includes("/")) return { enabled: service.tls.enabled, redirect: service.tls.redirect };
    // Its own host is a bucket of its own, so no wildcard and no default host can stand in for a missing root.
    const root = this.#roots.get(service.hosts[0] ?? "") ?? WITHOUT_ROOT;
    return { enabled: root.enabled, redirect: root.redirect };
  }
}
