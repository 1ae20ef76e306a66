/** Everything that is known about every certificate, as plain values: for the command, in both its forms, and for metrics. */
import { labelText, type MetricFamily } from "../observe/metrics-catalogue.ts";
import { authorityName } from "./authority.ts";
import type { CertificatePair } from "./certificate-pair.ts";
import type { ManagedCertificate } from "./managed-certificate.ts";
import type { OwnCertificate } from "./own-certificate.ts";
import { isOnDemand, type TlsService } from "./wishes.ts";

export type CertificateListing = { readonly certificates: readonly ListedCertificate[] };

export type ListedCertificate = {
  readonly name: string;
  readonly service: string;
  readonly source: "automatic" | "on-demand" | "own";
  readonly state: "valid" | "expired" | "missing";
  /** A new one is being got. */
  readonly ordering: boolean;
  /** Of the authority for automatic ones, of the file for one's own. */
  readonly origin: string;
  /** Of the certificate, null without one. Times are ISO 8601. */
  readonly issuer: string | null;
  readonly names: readonly string[];
  readonly serial: string | null;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  /** Null for those that the proxy does not renew, and for none. */
  readonly renewsAt: string | null;
  /** Empty when there is no trouble. */
  readonly lastError: string;
  readonly failedAttempts: number;
  readonly nextAttemptAt: string | null;
};

export type OrderCounts = Map<string, number>;

export type ListingParts = {
  readonly managedOf: (host: string, service: TlsService) => ManagedCertificate | undefined;
  readonly ownOf: (service: TlsService) => OwnCertificate | undefined;
  readonly onDemand: Iterable<ManagedCertificate>;
  readonly nowMs: number;
};

/** Sorted by name. */
export function listCertificates(services: readonly TlsService[], parts: ListingParts): CertificateListing {
  const { managedOf, ownOf, nowMs } = parts;
  const listed: ListedCertificate[] = [];
  for (const service of services) {
    if (!service.service.tls.enabled || isOnDemand(service.service.tls)) continue;
    const own = ownOf(service);
    for (const host of service.service.hosts) {
      if (own !== undefined) listed.push(listedOwn(host, service.name, own, nowMs));
      else listed.push(listedManaged(host, service.name, "automatic", managedOf(host, service), nowMs));
    }
  }
  const onDemand = services.find(({ service }) => isOnDemand(service.tls))?.name ?? "";
  for (const one of parts.onDemand) listed.push(listedManaged(one.name, onDemand, "on-demand", one, nowMs));
  return { certificates: listed.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** @param orders how many ended in which way, since the start */
export function certificateFigures({ certificates }: CertificateListing, orders: OrderCounts): MetricFamily[] {
  const times = (
    metric: "certificateExpiry" | "certificateRenewal",
    of: (one: ListedCertificate) => string | null,
  ) => ({
    metric,
    series: certificates.flatMap((one) => {
      const time = of(one);
      return time === null ? [] : [{ labels: labelText(metric, one.name), values: [Date.parse(time) / 1000] }];
    }),
  });
  return [
    times("certificateExpiry", ({ notAfter }) => notAfter),
    times("certificateRenewal", ({ renewsAt }) => renewsAt),
    {
      metric: "certificateOrders",
      series: Array.from(orders, ([result, count]) => ({
        labels: labelText("certificateOrders", result),
        values: [count],
      })),
    },
  ];
}

function listedOwn(name: string, service: string, { pair, problem, files }: OwnCertificate, nowMs: number) {
  return {
    name,
    service,
    source: "own" as const,
    ordering: false,
    origin: files.certificatePath,
    ...factsOf(pair, nowMs),
    renewsAt: null,
    lastError: problem,
    failedAttempts: 0,
    nextAttemptAt: null,
  };
}

function listedManaged(
  name: string,
  service: string,
  source: "automatic" | "on-demand",
  managed: ManagedCertificate | undefined,
  nowMs: number,
): ListedCertificate {
  const { attempts = 0, nextAttemptMs = 0, problem } = managed?.memory ?? {};
  return {
    name,
    service,
    source,
    ordering: managed?.isOrdering ?? false,
    origin: managed === undefined ? "" : authorityName(managed.settings.directory),
    ...factsOf(managed?.pair ?? null, nowMs),
    renewsAt: managed?.renewsAtMs === undefined ? null : isoTime(managed.renewsAtMs),
    lastError: managed === undefined ? "no authority can sign this name" : (problem?.detail ?? ""),
    failedAttempts: attempts,
    nextAttemptAt: attempts > 0 ? isoTime(nextAttemptMs) : null,
  };
}

function factsOf(pair: CertificatePair | null, nowMs: number) {
  if (pair === null) {
    return { state: "missing" as const, issuer: null, names: [], serial: null, notBefore: null, notAfter: null };
  }
  return {
    state: pair.notAfterMs > nowMs ? ("valid" as const) : ("expired" as const),
    issuer: pair.issuer,
    names: pair.names,
    serial: pair.serial,
    notBefore: isoTime(pair.notBeforeMs),
    notAfter: isoTime(pair.notAfterMs),
  };
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
