/** The services as they are → the routing table that the data plane serves by. */
import type { RoutingTable, ServiceRoute } from "../route/routing-table.ts";
import type { ServiceRecord } from "./service-record.ts";

export function buildTable(version: number, records: Iterable<ServiceRecord>): RoutingTable {
  return { version, services: [...records].map(routeOf) };
}

function routeOf(record: ServiceRecord): ServiceRoute {
  const failing = record.targets.filter((target) => target.health === "unhealthy");
  // A failing target leaves only while another one can take its share: a doubtful answer beats none.
  const anyLeft = failing.length < record.targets.length;
  return {
    name: record.name,
    hosts: record.service.hosts,
    pathPrefixes: record.service.pathPrefixes,
    stripPathPrefix: record.service.stripPathPrefix,
    gate: record.gate,
    targets: record.targets.map((target) => ({
      id: target.id,
      address: target.address,
      slot: "active" as const,
      role: "writer" as const,
      inRotation: !(anyLeft && failing.includes(target)),
    })),
    healthCheckPath: record.target.healthCheck.path.replace(/\?.*$/s, ""),
    targetTimeoutMs: record.target.targetTimeoutMs,
    forwardHeaders: record.target.forwardHeaders,
    rollout: null,
    writerAffinityTimeoutMs: 0,
    readTargetsAcceptWebsockets: false,
    canonicalHost: "",
    tls: { enabled: false, redirect: true },
    clientIpHeader: "",
    scopeCookiePaths: false,
    buffering: { requests: false, responses: false, memoryBytes: 1_048_576, maxRequestBytes: 0, maxResponseBytes: 0 },
    errorPages: null,
    excludeMetricsPaths: [],
    logRequestHeaders: record.target.logRequestHeaders,
    logResponseHeaders: record.target.logResponseHeaders,
  };
}
