/** The composition root: builds control side and data plane, hands each what it needs, starts and stops them in order. */
import type { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { Certificates } from "./certificate/certificates.ts";
import { issueByProcess } from "./certificate/issue.ts";
import { OnDemandApproval } from "./certificate/on-demand.ts";
import type { Door } from "./client/arrival.ts";
import { ControlPlane } from "./control/control-plane.ts";
import { ControlSocket } from "./control/control-socket.ts";
import { LocalDataPlane } from "./data-plane/local-data-plane.ts";
import { EventLog } from "./observe/event-log.ts";
import { LineWriter } from "./observe/line-writer.ts";
import { Metrics } from "./observe/metrics.ts";
import type { MetricFamily } from "./observe/metrics-catalogue.ts";
import { HttpListener } from "./socket/http-listener.ts";
import { listenAddress } from "./socket/listen-error.ts";
import type { MetricsListener } from "./socket/metrics-listener.ts";
import { SnapshotFile } from "./state/snapshot-file.ts";

export type ServerOptions = {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Address to listen on; undefined for all. */
  readonly bind: string | undefined;
  /** Address ranges whose forwarded headers are believed; empty when each service's options decide. */
  readonly trustedProxies: readonly string[];
  /** Connections begin with a PROXY protocol header. */
  readonly proxyProtocol: boolean;
  /** `host:port` of proxies on other servers, asked for challenges that this one does not know. */
  readonly acmePeers: readonly string[];
  /** 0 for no metrics. */
  readonly metricsPort: number;
  /** Address to serve metrics on; undefined for all. */
  readonly metricsBind: string | undefined;
  readonly socketPath: string;
  readonly dataDirectory: string;
  readonly debug: boolean;
  /** One line for each request. */
  readonly accessLog: boolean;
};

export type RunningServer = {
  /** The real ones, when 0 was asked for. */
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Ends in peace: nothing new, `graceMs` for what is under way, then cuts. */
  stop(graceMs: number): Promise<void>;
  /** Ends now. */
  kill(): void;
  /** Rejects when something happened that nobody expected: the process must not go on in an unknown state. */
  readonly failed: Promise<never>;
};

/**
 * What a request leaves behind dies young: a nursery that stays small is emptied often and cheaply. Left to grow, it
 * takes 50 MB more under 64 busy connections, for no less CPU.
 */
const SMALL_NURSERY = ["--max-semi-space-size=4", "--semi-space-growth-factor=1"];

const STDOUT = 1;
/** How long the last log lines may take on their way out. */
const LOG_DRAIN_MS = 500;

/**
 * Restores the saved services, then listens for traffic, then for commands.
 * @throws ProxyError when the data directory or the port is taken, or the saved state must not be touched
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  for (const flag of SMALL_NURSERY) setFlagsFromString(flag);
  const lines: LineWriter = new LineWriter(STDOUT, (lost) => log.warn("Log lines dropped", { lines: lost }));
  const log = new EventLog(lines, { debug: options.debug });
  const failed = watchForFailure(log);
  const snapshotFile = await SnapshotFile.open(options.dataDirectory, log);
  const { trustedProxies, proxyProtocol, accessLog } = options;
  const metrics = options.metricsPort === 0 ? null : new Metrics();
  const dataPlane = new LocalDataPlane({ log, lines, metrics, accessLog, trustedProxies, proxyProtocol });
  const approval = new OnDemandApproval(log);
  const certificates = new Certificates({
    dataPlane,
    log,
    dataDirectory: options.dataDirectory,
    issue: issueByProcess,
    approve: (name, subject) => approval.approve(name, subject),
    peers: options.acmePeers,
  });
  const control = new ControlPlane({ dataPlane, certificates, snapshotFile, log });
  const listeners: HttpListener[] = [];
  let metricsListener: MetricsListener | null = null;
  try {
    // The port first: a second proxy by mistake must not get as far as the state.
    const early: [Socket, Door][] = [];
    let accept = (connection: Socket, door: Door): void => void early.push([connection, door]);
    for (const { flag, ...door } of doorsOf(options)) {
      const onSocket = (connection: Socket): void => accept(connection, door);
      listeners.push(await HttpListener.listen(door.localPort, options.bind, onSocket, flag));
    }
    const figures = async () => [...(await dataPlane.metrics()), ...certificates.metrics()];
    metricsListener = await listenForMetrics(options, figures, log);
    await control.restore();
    accept = (connection, door) => dataPlane.accept(connection, door);
    for (const [connection, door] of early) accept(connection, door);
    const socket = await ControlSocket.listen(options.socketPath, control, log);
    const [http, https] = listeners.map(({ port }) => port);
    log.info("Server started", { http, https });
    return running({ listeners, metricsListener, dataPlane, control, socket, lines, log, failed, snapshotFile });
  } catch (error) {
    for (const listener of listeners) listener.close();
    metricsListener?.close();
    dataPlane.destroy();
    await control.close();
    await snapshotFile.close();
    await lines.drain(LOG_DRAIN_MS);
    throw error;
  }
}

function doorsOf({ httpPort, httpsPort }: ServerOptions): readonly (Door & { readonly flag: string })[] {
  return [
    { scheme: "http", localPort: httpPort, flag: "--http-port" },
    { scheme: "https", localPort: httpsPort, flag: "--https-port" },
  ];
}

async function listenForMetrics(
  { metricsPort, metricsBind }: ServerOptions,
  figures: () => Promise<readonly MetricFamily[]>,
  log: EventLog,
): Promise<MetricsListener | null> {
  if (metricsPort === 0) {
    log.debug("Metrics server disabled");
    return null;
  }
  // Loaded for those who want it: what it stands on takes 17 MB.
  const { MetricsListener } = await import("./socket/metrics-listener.ts");
  const listener = await MetricsListener.listen(metricsPort, metricsBind, figures);
  log.info("Metrics enabled", { address: listenAddress(listener.port, metricsBind) });
  return listener;
}

type Parts = {
  readonly listeners: readonly HttpListener[];
  readonly metricsListener: MetricsListener | null;
  readonly dataPlane: LocalDataPlane;
  readonly control: ControlPlane;
  readonly socket: ControlSocket;
  readonly lines: LineWriter;
  readonly log: EventLog;
  readonly failed: Promise<never>;
  readonly snapshotFile: SnapshotFile;
};

function running(parts: Parts): RunningServer {
  const { listeners, dataPlane, control, socket, lines, log } = parts;
  return {
    httpPort: listeners[0]?.port ?? 0,
    httpsPort: listeners[1]?.port ?? 0,
    failed: parts.failed,
    async stop(graceMs) {
      for (const listener of listeners) listener.close();
      const cut = dataPlane.shutdown(graceMs);
      await control.close();
      await socket.close();
      const left = await cut;
      parts.metricsListener?.close();
      if (left > 0) log.warn("Closing active connections", { connections: left });
      log.info("Server stopped");
      await lines.drain(LOG_DRAIN_MS);
      await parts.snapshotFile.close();
    },
    kill() {
      for (const listener of listeners) listener.close();
      parts.metricsListener?.close();
      dataPlane.destroy();
    },
  };
}

function watchForFailure(log: EventLog): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  // Somebody has to look at the rejection, even if nobody waits for it yet.
  promise.catch(() => undefined);
  process.on("uncaughtException", (error, origin) => {
    log.error("Unexpected failure", { error, origin, stack: error.stack });
    reject(error);
  });
  return promise;
}
