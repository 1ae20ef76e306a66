/** The data plane behind a real listener on a loopback port, with a routing table given directly; no control side. */
import { openSync } from "node:fs";
import { LocalDataPlane } from "../../proxy/data-plane/local-data-plane.ts";
import type { Limits } from "../../proxy/limits.ts";
import { EventLog } from "../../proxy/observe/event-log.ts";
import { LineWriter } from "../../proxy/observe/line-writer.ts";
import { Metrics } from "../../proxy/observe/metrics.ts";
import { prometheusText } from "../../proxy/observe/prometheus-text.ts";
import type { RoutingTable, ServiceRoute, TargetRoute, TlsRoute } from "../../proxy/route/routing-table.ts";
import { HttpListener } from "../../proxy/socket/http-listener.ts";

export type RunningProxy = {
  readonly port: number;
  /** Of the listener for HTTPS; who is shown which certificate, `plane.useCertificates` says. */
  readonly httpsPort: number;
  readonly plane: LocalDataPlane;
  readonly lines: LineWriter;
  /** Event log lines so far. */
  readonly events: string[];
  serve(...services: ServiceRoute[]): Promise<void>;
  /** The part of the metrics page that is about traffic; empty unless asked for. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
};

export type ProxyOptions = {
  /** Counts, with these limits; off by default. */
  metrics?: ConstructorParameters<typeof Metrics>[0];
  limits?: Partial<Limits>;
  trustedProxies?: readonly string[];
  proxyProtocol?: boolean;
  accessLog?: boolean;
  /** File that takes the access log; thrown away by default. */
  logFile?: string;
  /** Port of plain HTTP as the access log shows it. */
  localPort?: number;
};

export async function runProxy(options: ProxyOptions = {}): Promise<RunningProxy> {
  const lines = new LineWriter(openSync(options.logFile ?? "/dev/null", "a"));
  const events: string[] = [];
  const log = new EventLog({ write: (line) => events.push(line) }, { debug: true });
  const plane = new LocalDataPlane({
    log,
    lines,
    limits: options.limits ?? {},
    metrics: options.metrics === undefined ? null : new Metrics(options.metrics),
    trustedProxies: options.trustedProxies ?? [],
    proxyProtocol: options.proxyProtocol ?? false,
    accessLog: options.accessLog ?? true,
  });
  const listener: HttpListener = await HttpListener.listen(0, "127.0.0.1", (socket) =>
    plane.accept(socket, { scheme: "http", localPort: options.localPort ?? listener.port }),
  );
  const httpsListener: HttpListener = await HttpListener.listen(0, "127.0.0.1", (socket) =>
    plane.accept(socket, { scheme: "https", localPort: httpsListener.port }),
  );
  let version = 0;
  return {
    port: listener.port,
    httpsPort: httpsListener.port,
    plane,
    lines,
    events,
    serve: (...services) => plane.apply({ version: ++version, services } satisfies RoutingTable),
    metrics: async () => prometheusText(await plane.metrics()),
    stop: async () => {
      listener.close();
      httpsListener.close();
      plane.destroy();
      await plane.connections.empty();
    },
  };
}

/** A service on any host with targets at these loopback ports, and defaults for the rest. */
export function service(name: string, ports: readonly number[], changes: Partial<ServiceRoute> = {}): ServiceRoute {
  return {
    name,
    hosts: [""],
    pathPrefixes: ["/"],
    stripPathPrefix: true,
    gate: { state: "running" },
    targets: ports.map((port) => target(`${name}-${port}`, port)),
    healthCheckPath: "/up",
    targetTimeoutMs: 30_000,
    forwardHeaders: true,
    rollout: null,
    writerAffinityTimeoutMs: 1_000,
    readTargetsAcceptWebsockets: false,
    canonicalHost: "",
    tls: tlsRoute({ enabled: false }),
    targetProtocol: "http1",
    clientIpHeader: "",
    scopeCookiePaths: false,
    buffering: { requests: false, responses: false, memoryBytes: 1_048_576, maxRequestBytes: 0, maxResponseBytes: 0 },
    errorPages: null,
    excludeMetricsPaths: [],
    logRequestHeaders: [],
    logResponseHeaders: [],
    ...changes,
  };
}

export function target(id: string, port: number): TargetRoute {
  return { id, address: `127.0.0.1:${port}`, slot: "active", role: "writer", inRotation: true };
}

/** HTTPS with redirects, certificates from elsewhere and no HSTS, but for what `changes` says. */
export function tlsRoute(changes: Partial<TlsRoute> = {}): TlsRoute {
  return { enabled: true, redirect: true, automatic: false, hstsSeconds: 0, ...changes };
}
