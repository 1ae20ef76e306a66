/** The data plane in this very thread: it keeps targets and services alive across tables, and applies each at once. */
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ClientContext } from "../client/context.ts";
import { Ticker } from "../deadlines.ts";
import { Output } from "../http1/output.ts";
import { Journey } from "../journey.ts";
import { DEFAULT_LIMITS, type Limits } from "../limits.ts";
import { AccessLog } from "../observe/access-log.ts";
import type { EventLog } from "../observe/event-log.ts";
import type { LineWriter } from "../observe/line-writer.ts";
import type { Exchange } from "../request/exchange.ts";
import { RouteTable } from "../route/route-table.ts";
import type { RoutingTable, ServiceRoute } from "../route/routing-table.ts";
import { Service } from "../service/service.ts";
import { ConnectionSet } from "../socket/connection-set.ts";
import { TargetContext } from "../target/context.ts";
import type { Failure } from "../target/failure.ts";
import { Target, type TargetPolicy } from "../target/target.ts";
import type { Counters, DataPlane, DrainOptions, DrainResult } from "./data-plane.ts";
import { drainTargets } from "./drain.ts";

/** Seconds within which a restarted proxy is back. */
const RETRY_AFTER_RESTART = 5;

export class LocalDataPlane implements DataPlane {
  readonly connections: ConnectionSet;
  readonly #ticker = new Ticker();
  readonly #limits: Limits;
  readonly #lines: LineWriter;
  readonly #journey: Journey;
  readonly #clients: ClientContext;
  readonly #targetContext: TargetContext;
  #services = new Map<string, Service>();
  readonly #targets = new Map<string, Target>();

  constructor(options: { log: EventLog; lines: LineWriter; limits?: Partial<Limits> }) {
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#lines = options.lines;
    const output = new Output();
    this.#journey = new Journey(new RouteTable([]), new AccessLog(options.lines), options.log);
    this.#clients = new ClientContext(this.#limits, this.#ticker, output, (exchange) => this.#journey.start(exchange));
    this.#targetContext = new TargetContext(this.#limits, this.#ticker, output);
    this.connections = new ConnectionSet(this.#clients);
  }

  /** Takes a freshly accepted connection. */
  accept(socket: Socket): void {
    this.connections.accept(socket);
  }

  apply(table: RoutingTable): Promise<void> {
    const services = new Map<string, Service>();
    const current = new Set<Target>();
    for (const route of table.services) {
      const service = this.#services.get(route.name) ?? this.#newService(route);
      const targets = route.targets.map((target) => this.#target(target.id, target.address, route));
      for (const target of targets) current.add(target);
      const inRotation = targets.filter((_, index) => route.targets[index]?.inRotation);
      service.update(route, inRotation);
      services.set(route.name, service);
    }
    const removed = [...this.#services.values()].filter((service) => !services.has(service.name));
    this.#services = services;
    // The switch: everything before prepared it, everything after tidies up.
    this.#journey.follow(new RouteTable(services.values()));
    for (const target of this.#targets.values()) if (!current.has(target)) this.#retire(target);
    for (const service of services.values()) this.#journey.gateChanged(service);
    for (const service of removed) service.waitingRoom.release((exchange) => exchange.answer(404));
    return Promise.resolve();
  }

  async drain(targetIds: readonly string[], options: DrainOptions): Promise<DrainResult> {
    const targets = targetIds.map((id) => this.#targets.get(id)).filter((target) => target !== undefined);
    const result = await drainTargets(targets, options);
    this.#forgetRetired();
    return result;
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

  /** The port as the access log shows it. */
  setLocalPort(port: number): void {
    this.#clients.localPort = port;
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
    for (const target of this.#targets.values()) target.retire();
    this.#ticker.stop();
  }

  #newService(route: ServiceRoute): Service {
    return new Service(route, this.#ticker, this.#limits, (service, exchange) =>
      this.#journey.pauseExpired(service, exchange),
    );
  }

  #target(id: string, address: string, route: ServiceRoute): Target {
    const policy: TargetPolicy = { responseTimeoutMs: route.targetTimeoutMs, forwardHeaders: route.forwardHeaders };
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
