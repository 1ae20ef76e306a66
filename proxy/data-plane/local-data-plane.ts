/** The data plane in this very thread: it keeps targets and services alive across tables, and applies each at once. */
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { BufferSpace } from "../body/buffer-space.ts";
import type { ChallengeTable } from "../challenge/challenge-table.ts";
import { HttpChallenges } from "../challenge/http-challenges.ts";
import type { Door } from "../client/arrival.ts";
import { ClientContext, type Edge } from "../client/context.ts";
import { Ticker } from "../deadlines.ts";
import { ProxyError } from "../errors.ts";
import { Output } from "../http1/output.ts";
import { Journey } from "../journey.ts";
import { DEFAULT_LIMITS, type Limits } from "../limits.ts";
import { AccessLog } from "../observe/access-log.ts";
import type { EventLog } from "../observe/event-log.ts";
import type { LineWriter } from "../observe/line-writer.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { MetricFamily } from "../observe/metrics-catalogue.ts";
import type { Exchange } from "../request/exchange.ts";
import { TrustedProxies } from "../request/trusted-proxies.ts";
import { parsePages } from "../response/page-template.ts";
import { RouteTable } from "../route/route-table.ts";
import type { RoutingTable, ServiceRoute } from "../route/routing-table.ts";
import { Service } from "../service/service.ts";
import { ConnectionSet } from "../socket/connection-set.ts";
import { TargetContext } from "../target/context.ts";
import type { Failure } from "../target/failure.ts";
import { Target, type TargetPolicy } from "../target/target.ts";
import type { CertificateTable } from "../tls/certificate-table.ts";
import type { Counters, DataPlane, DrainOptions, DrainResult } from "./data-plane.ts";
import { drainTargets } from "./drain.ts";
import { LazyTls } from "./lazy-tls.ts";
import { trafficFigures } from "./traffic-figures.ts";

/** Seconds within which a restarted proxy is back. */
const RETRY_AFTER_RESTART = 5;
const PLAIN_HTTP: Door = { scheme: "http", localPort: 0 };

export type LocalDataPlaneOptions = {
  readonly log: EventLog;
  readonly lines: LineWriter;
  readonly limits?: Partial<Limits>;
  /** Null or absent: nothing is counted but what `counters` tells. */
  readonly metrics?: Metrics | null;
  /** False: no line is written for a request. */
  readonly accessLog?: boolean;
  /**
   * `address/bits` or `address` of the proxies in front. If there are any, forwarded fields and PROXY headers of
   * nobody else are believed; if there are none, each service's options decide.
   */
  readonly trustedProxies?: readonly string[];
  /** Connections begin with a PROXY protocol header. */
  readonly proxyProtocol?: boolean;
};

export class LocalDataPlane implements DataPlane {
  readonly connections: ConnectionSet;
  readonly #ticker = new Ticker();
  readonly #limits: Limits;
  readonly #lines: LineWriter;
  readonly #log: EventLog;
  readonly #metrics: Metrics | null;
  readonly #journey: Journey;
  readonly #clients: ClientContext;
  readonly #targetContext: TargetContext;
  readonly #tls: LazyTls;
  #services = new Map<string, Service>();
  readonly #targets = new Map<string, Target>();
  readonly #httpChallenges = new HttpChallenges();

  /** @throws ProxyError `invalid-argument` for a trusted proxy that is no address range */
  constructor(options: LocalDataPlaneOptions) {
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#lines = options.lines;
    this.#log = options.log;
    this.#metrics = options.metrics ?? null;
    const output = new Output();
    this.#journey = new Journey(
      new RouteTable([]),
      options.accessLog === false ? null : new AccessLog(options.lines),
      options.log,
      this.#metrics,
      new BufferSpace(this.#limits),
    );
    const edge = edgeOf(options, this.#limits.maxForwardedHops);
    this.#clients = new ClientContext(this.#limits, this.#ticker, output, edge, (exchange) =>
      this.#journey.start(exchange),
    );
    this.#targetContext = new TargetContext(this.#limits, this.#ticker, output);
    this.connections = new ConnectionSet(this.#clients, options.log);
    this.#tls = new LazyTls(this.connections, this.#clients, options.log);
  }

  /** Takes a freshly accepted connection. */
  accept(socket: Socket, door: Door = PLAIN_HTTP): void {
    this.connections.accept(socket, door);
  }

  apply(table: RoutingTable): Promise<void> {
    const services = new Map<string, Service>();
    const current = new Set<Target>();
    for (const route of table.services) {
      const service = this.#services.get(route.name) ?? this.#newService(route);
      const targets = route.targets.map((target) => this.#target(target.id, target.address, route));
      for (const target of targets) current.add(target);
      if (this.#metrics !== null) this.#meter(this.#metrics, service, targets, table.version);
      this.#usePages(service, route);
      service.update(route, targets);
      services.set(route.name, service);
    }
    const removed = [...this.#services.values()].filter((service) => !services.has(service.name));
    this.#services = services;
    // The switch: everything before prepared it, everything after tidies up.
    this.#journey.follow(new RouteTable(services.values()));
    this.#expectAuthorities();
    for (const target of this.#targets.values()) if (!current.has(target)) this.#retire(target);
    this.#metrics?.keep(services, this.#targets);
    for (const service of services.values()) this.#journey.gateChanged(service);
    for (const service of removed) {
      service.removed = true;
      service.waitingRoom.release((exchange) => exchange.answer(404));
    }
    return Promise.resolve();
  }

  async drain(targetIds: readonly string[], options: DrainOptions): Promise<DrainResult> {
    const targets = targetIds.map((id) => this.#targets.get(id)).filter((target) => target !== undefined);
    const startedAt = performance.now();
    const result = await drainTargets(targets, options);
    targets[0]?.meter?.service.drained(performance.now() - startedAt, result.completed, result.cut);
    this.#forgetRetired();
    return result;
  }

  useCertificates(table: CertificateTable): Promise<void> {
    return this.#tls.useCertificates(table);
  }

  useChallenges(table: ChallengeTable): Promise<void> {
    this.#httpChallenges.use(table);
    this.#expectAuthorities();
    return this.#tls.useChallenges(table);
  }

  whenMissing(ask: (name: string) => Promise<void>): void {
    this.#tls.whenMissing(ask);
  }

  counters(): Promise<Counters> {
    this.#forgetRetired();
    const services: Record<string, { waiting: number; requestsTotal: number }> = Object.create(null);
    for (const service of this.#services.values()) {
      services[service.name] = { waiting: service.waitingRoom.size, requestsTotal: service.requestsTotal };
    }
    const targets: Record<string, { inFlight: number; upgraded: number; idleConnections: number }> =
      Object.create(null);
    for (const target of this.#targets.values()) {
      const upgraded = [...target.inFlight].filter((exchange) => exchange.upgraded).length;
      targets[target.id] = { inFlight: target.inFlight.size, upgraded, idleConnections: target.idleConnections };
    }
    const { connections, requests, rejected } = this.#clients.counters;
    return Promise.resolve({
      services,
      targets,
      clientConnections: connections,
      requestsTotal: requests,
      rejectedTotal: rejected,
      logLinesDropped: this.#lines.dropped,
    });
  }

  metrics(): Promise<readonly MetricFamily[]> {
    if (this.#metrics === null) return Promise.resolve([]);
    this.#forgetRetired();
    this.#metrics.keep(this.#services, this.#targets);
    return Promise.resolve(
      trafficFigures({
        metrics: this.#metrics,
        services: this.#services.values(),
        targets: this.#targets.values(),
        clients: this.#clients.counters,
        lines: this.#lines,
        log: this.#log,
      }),
    );
  }

  /**
   * Ends the plane in peace: idle connections close at once, requests in flight get `graceMs`, upgraded connections are
   * told to come back (they would outlast any grace), and those who wait for a paused service are turned away.
   * Resolves with the number of connections that had to be cut.
   */
  async shutdown(graceMs: number): Promise<number> {
    this.#clients.draining = true;
    for (const service of this.#services.values()) {
      service.waitingRoom.release((exchange) => exchange.answer(503, { retryAfterSeconds: RETRY_AFTER_RESTART }));
    }
    for (const target of this.#targets.values()) {
      for (const exchange of Array.from(target.inFlight)) if (exchange.upgraded) exchange.sink?.cut();
    }
    this.connections.closeIdle();
    const timeout = new AbortController();
    await Promise.race([
      this.connections.empty(),
      sleep(graceMs, undefined, { signal: timeout.signal }).catch(() => undefined),
    ]);
    timeout.abort();
    const left = this.connections.size;
    this.destroy();
    return left;
  }

  /** Ends whatever is left. */
  destroy(): void {
    this.connections.destroyAll();
    this.#tls.stop();
    this.#httpChallenges.close();
    for (const target of this.#targets.values()) target.retire();
    this.#ticker.stop();
  }

  /** Requests are looked at for challenges only where some may come. */
  #expectAuthorities(): void {
    const automatic = [...this.#services.values()].some(({ route }) => route.tls.automatic);
    this.#journey.answerChallenges(automatic || !this.#httpChallenges.empty ? this.#httpChallenges : null);
  }

  #newService(route: ServiceRoute): Service {
    return new Service(route, this.#ticker, this.#limits, (service, exchange) =>
      this.#journey.pauseExpired(service, exchange),
    );
  }

  #target(id: string, address: string, route: ServiceRoute): Target {
    const policy: TargetPolicy = {
      responseTimeoutMs: route.targetTimeoutMs,
      forwardHeaders: route.forwardHeaders,
      protocol: route.targetProtocol,
    };
    let target = this.#targets.get(id);
    if (target) {
      target.policy = policy;
    } else {
      target = new Target(id, address, policy, this.#targetContext, {
        onUnreachable: (failed, exchange) => this.#onUnreachable(failed, exchange),
        onFailure: (failed, exchange, failure) => this.#onFailure(failed, exchange, failure),
      });
      this.#targets.set(id, target);
    }
    return target;
  }

  #meter(metrics: Metrics, service: Service, targets: readonly Target[], version: number): void {
    const meter = metrics.service(service.name);
    service.meter = meter;
    for (const target of targets) target.meter = metrics.target(target.id, target.name, meter, version);
  }

  /** Control has parsed the pages before; if they cannot be used after all, the built-in ones serve. */
  #usePages(service: Service, route: ServiceRoute): void {
    if (samePages(service.pagesSource, route.errorPages)) return;
    service.pagesSource = route.errorPages;
    service.errorPages = null;
    if (route.errorPages === null) return;
    const onFailure = (page: string, error: string): void =>
      this.#log.error("Unable to show custom error page", { service: route.name, page, error });
    try {
      const pages = parsePages(route.errorPages, onFailure);
      service.errorPages = (status, message) => pages.render(status, message);
    } catch (error) {
      onFailure("", error instanceof ProxyError ? (error.hint ?? error.message) : String(error));
    }
  }

  #onUnreachable(failed: Target, exchange: Exchange): boolean {
    return this.#journey.tryElsewhere(this.#services.get(exchange.service), failed, exchange);
  }

  #onFailure(failed: Target, exchange: Exchange, failure: Failure): void {
    this.#journey.targetFailed(failed, exchange, failure);
  }

  #retire(target: Target): void {
    if (!target.retired) target.retire();
    if (target.inFlight.size === 0) this.#targets.delete(target.id);
  }

  #forgetRetired(): void {
    for (const target of this.#targets.values()) {
      if (target.retired && target.inFlight.size === 0) this.#targets.delete(target.id);
    }
  }
}

function samePages(before: ServiceRoute["errorPages"], now: ServiceRoute["errorPages"]): boolean {
  if (before === now) return true;
  if (before === null || now === null) return false;
  const names = Object.keys(now);
  return names.length === Object.keys(before).length && names.every((name) => before[name] === now[name]);
}

function edgeOf(options: LocalDataPlaneOptions, maxForwardedHops: number): Edge {
  const { trustedProxies = [], proxyProtocol = false } = options;
  return {
    trustedProxies: trustedProxies.length === 0 ? null : new TrustedProxies(trustedProxies, maxForwardedHops),
    proxyProtocol,
  };
}
