/** The services as they are → the routing table that the data plane serves by. */
import type { RoutingTable, ServiceRoute, TargetRoute } from "../route/routing-table.ts";
import type { LiveTarget } from "./live-target.ts";
import type { ServiceRecord } from "./service-record.ts";
import { type SyncedTls, TlsSync } from "./tls-sync.ts";

export type TableInput = {
  readonly version: number;
  readonly records: readonly ServiceRecord[];
};

export function buildTable({ version, records }: TableInput): RoutingTable {
  const sync = new TlsSync(records);
  return { version, services: records.map((record) => routeOf(record, sync.of(record))) };
}

function routeOf(record: ServiceRecord, tls: SyncedTls): ServiceRoute {
  const { service, target } = record;
  return {
    name: record.name,
    hosts: service.hosts,
    pathPrefixes: service.pathPrefixes,
    stripPathPrefix: service.stripPathPrefix,
    gate: record.gate,
    targets: [...targetRoutes("active", record.targets), ...targetRoutes("rollout", record.rolloutTargets)],
    healthCheckPath: target.healthCheck.path.replace(/\?.*$/s, ""),
    targetTimeoutMs: target.targetTimeoutMs,
    forwardHeaders: target.forwardHeaders ?? !tls.enabled,
    rollout: record.rolloutTargets.length === 0 ? null : record.rollout,
    writerAffinityTimeoutMs: service.writerAffinityTimeoutMs,
    readTargetsAcceptWebsockets: service.readTargetsAcceptWebsockets,
    canonicalHost: service.canonicalHost,
    tls,
    targetProtocol: target.protocol,
    clientIpHeader: service.clientIpHeader,
    scopeCookiePaths: target.scopeCookiePaths,
    buffering: target.buffering,
    errorPages: record.errorPages,
    excludeMetricsPaths: service.excludeMetricsPaths,
    logRequestHeaders: target.logRequestHeaders,
    logResponseHeaders: target.logResponseHeaders,
  };
}

function targetRoutes(slot: TargetRoute["slot"], targets: readonly LiveTarget[]): TargetRoute[] {
  const writerLeft = targets.some((target) => target.role === "writer" && !isFailing(target));
  const readerLeft = targets.some((target) => target.role === "reader" && !isFailing(target));
  return targets.map((target) => {
    // A failing target leaves only while another one can take its share: a doubtful answer beats none. Writers can
    // stand in for readers, not the other way round.
    const replaceable = writerLeft || (target.role === "reader" && readerLeft);
    const inRotation = !(isFailing(target) && replaceable);
    const healthy = target.health === "healthy";
    return { id: target.id, address: target.address, slot, role: target.role, inRotation, healthy };
  });
}

function isFailing(target: LiveTarget): boolean {
  return target.health === "unhealthy";
}
