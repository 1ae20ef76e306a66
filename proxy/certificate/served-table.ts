/** Services and their certificates → the table by which handshakes are answered. */
import type { CertificateTable, ServedCertificate } from "../tls/certificate-table.ts";
import type { CertificatePair } from "./certificate-pair.ts";
import { isAutomatic, isIssuable, isOnDemand, type TlsService } from "./wishes.ts";

export type ServedInput = {
  readonly services: readonly TlsService[];
  /** Services that are still routed but about to go: their names are served until they have. */
  readonly leaving: readonly TlsService[];
  /** The certificate of a host of a service, if there is one. */
  readonly pairOf: (service: TlsService, host: string) => CertificatePair | null;
  /** Names that have been had on demand. */
  readonly onDemand: Iterable<readonly [name: string, pair: CertificatePair]>;
  /** The host whose certificate is shown to clients that name none; empty for none. */
  readonly defaultHost: string;
};

export function servedTable({ services, leaving, pairOf, onDemand, defaultHost }: ServedInput): CertificateTable {
  const certificates = new Map<string, ServedCertificate>();
  const names = new Map<string, string>();
  const askable = new Set<string>();
  const show = (name: string, pair: CertificatePair | null): void => {
    names.set(name, pair?.id ?? "");
    if (pair !== null) certificates.set(pair.id, servedOf(pair));
  };
  for (const one of [...services, ...leaving]) {
    const { hosts, tls } = one.service;
    if (isOnDemand(tls)) askable.add("");
    else if (tls.enabled) {
      for (const host of hosts) {
        if (names.has(host)) continue;
        const pair = pairOf(one, host);
        show(host, pair);
        if (pair === null && isAutomatic(tls) && isIssuable(host, tls)) askable.add(host);
      }
    }
  }
  // After all that speak TLS: below a path of one of their hosts, a service has none of its own.
  for (const { service } of services) {
    for (const host of service.hosts) if (host !== "" && !names.has(host)) names.set(host, "");
  }
  for (const [name, pair] of onDemand) if (!names.has(name)) show(name, pair);
  return {
    certificates: [...certificates.values()],
    names: [...names],
    defaultId: names.get(defaultHost) ?? "",
    askable: [...askable],
  };
}

function servedOf({ id, chain, privateKey, names }: CertificatePair): ServedCertificate {
  return { id, chain, privateKey, names };
}

/** Whether two tables answer every handshake alike. A certificate's id stands for all of it. */
export function isSameTable(a: CertificateTable, b: CertificateTable): boolean {
  const text = ({ names, defaultId, askable }: CertificateTable) => JSON.stringify([names, defaultId, askable]);
  return text(a) === text(b);
}
