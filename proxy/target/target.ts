/** A target: claims are counted at once, sent over pooled connections, and can be waited for or cut by a drain. */
import type { TargetMetrics } from "../observe/target-metrics.ts";
import type { Claim, Exchange } from "../request/exchange.ts";
import { Phase } from "../request/exchange.ts";
import type { ConnectionOwner, PooledConnection } from "./connection-owner.ts";
import type { TargetContext } from "./context.ts";
import { type Failure, Retry, statusOfFailure } from "./failure.ts";
import type { Http2Carrier } from "./http2-carrier.ts";
import { Http2Pool } from "./http2-pool.ts";
import { parseTargetAddress, type TargetAddress } from "./target-address.ts";
import { TargetConnection } from "./target-connection.ts";

/** How requests to this target are sent. */
export type TargetPolicy = {
  readonly responseTimeoutMs: number;
  readonly forwardHeaders: boolean;
  /** `h2c`: HTTP/2 without TLS, with prior knowledge. */
  readonly protocol: "http1" | "h2c";
};

export type TargetEvents = {
  /** Nothing was sent; true when somebody else has taken the exchange over. */
  readonly onUnreachable: (target: Target, exchange: Exchange, failure: Failure) => boolean;
  readonly onFailure: (target: Target, exchange: Exchange, failure: Failure) => void;
};

export class Target implements Claim, ConnectionOwner {
  readonly id: string;
  /** `host:port` as shown and logged. */
  readonly name: string;
  readonly address: TargetAddress;
  readonly context: TargetContext;
  policy: TargetPolicy;
  /** Null while there are no metrics. */
  meter: TargetMetrics | null = null;
  readonly inFlight = new Set<Exchange>();
  /** Told of every exchange that ends here, while a drain is going on. */
  readonly releaseListeners = new Set<(exchange: Exchange) => void>();
  readonly #events: TargetEvents;
  readonly #idle: PooledConnection[] = [];
  /** Only once there is something to send by HTTP/2. */
  #http2: Http2Pool | null = null;
  #retired = false;

  constructor(id: string, name: string, policy: TargetPolicy, context: TargetContext, events: TargetEvents) {
    this.id = id;
    this.name = name;
    this.address = parseTargetAddress(name);
    this.policy = policy;
    this.context = context;
    this.#events = events;
  }

  get idleConnections(): number {
    return this.#idle.length + (this.#http2?.idleSessions ?? 0);
  }

  get retired(): boolean {
    return this.#retired;
  }

  /** Counts the exchange as in flight here. No `await` may stand between choosing a target and this. */
  claimFor(exchange: Exchange): void {
    exchange.claim?.release(exchange);
    exchange.claim = this;
    exchange.target = this.name;
    exchange.attempts++;
    exchange.targetMeter = this.meter;
    this.inFlight.add(exchange);
  }

  /** Sends a claimed exchange: over an idle connection if one may be used, else over a new one. */
  send(exchange: Exchange): void {
    if (this.policy.protocol === "h2c") {
      exchange.sentAt = performance.now();
      return this.#http2Pool().send(exchange);
    }
    const connection = this.#takeIdle(exchange);
    if (!connection) return this.#open(exchange);
    if (this.meter !== null) this.meter.reused++;
    connection.begin(exchange);
  }

  release(exchange: Exchange): void {
    if (!this.inFlight.delete(exchange)) return;
    for (const listener of this.releaseListeners) listener(exchange);
  }

  /** Keeps a connection for later; false when it has to be closed instead. */
  keep(connection: PooledConnection): boolean {
    if (this.#retired || this.#idle.length >= this.context.limits.maxIdlePerTarget) return false;
    this.#idle.push(connection);
    return true;
  }

  /** Forgets a connection that has closed. */
  forget(connection: PooledConnection): void {
    if (this.meter !== null) this.meter.closed++;
    const index = this.#idle.lastIndexOf(connection);
    if (index !== -1) this.#idle.splice(index, 1);
  }

  /** No more requests come: idle connections are closed, busy ones close when they are done. */
  retire(): void {
    this.#retired = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
    this.#http2?.retire();
  }

  /**
   * An attempt has failed before a byte of response. It is tried again, once, over another connection when the failed
   * one was reused and a second copy can do no harm; elsewhere when nothing was sent; else the client is told.
   */
  attemptFailed(exchange: Exchange, failure: Failure, retry: Retry, avoided: Http2Carrier | null): void {
    exchange.sink = null;
    if (exchange.phase !== Phase.Waiting) return;
    const harmless = retry === Retry.Refused || (retry === Retry.Stale && exchange.idempotent);
    if (harmless && exchange.replayable) {
      if (this.meter !== null) this.meter.staleRetries++;
      exchange.sentAt = performance.now();
      if (this.policy.protocol === "h2c") this.#http2Pool().sendAgain(exchange, avoided);
      else this.#open(exchange);
      return;
    }
    this.meter?.failed(failure);
    if (retry === Retry.Elsewhere && this.#events.onUnreachable(this, exchange, failure)) return;
    this.#events.onFailure(this, exchange, failure);
    exchange.answer(statusOfFailure(failure));
  }

  /** A response has broken off after its head: it is the log's business only. */
  responseFailed(exchange: Exchange, failure: Failure): void {
    this.meter?.failed(failure);
    this.#events.onFailure(this, exchange, failure);
  }

  #http2Pool(): Http2Pool {
    if (this.#http2 === null) {
      this.#http2 = new Http2Pool(this);
      this.#http2.retired = this.#retired;
    }
    return this.#http2;
  }

  #open(exchange: Exchange): void {
    if (this.meter !== null) this.meter.opened++;
    TargetConnection.open(this, exchange);
  }

  #takeIdle(exchange: Exchange): PooledConnection | undefined {
    const now = performance.now();
    exchange.sentAt = now;
    for (;;) {
      const connection = this.#idle.pop();
      if (!connection) return undefined;
      if (connection.closing || connection.reusableUntil < now) {
        connection.destroy();
        continue;
      }
      // What must not be sent twice is sent over a connection that has just proved itself, or a new one.
      const proved = exchange.idempotent || now - connection.idleSince <= this.context.limits.freshEnoughMs;
      if (proved) return connection;
      this.#idle.push(connection);
      return undefined;
    }
  }
}
