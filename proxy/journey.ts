/** The way of a request, from the wire to a target, in the order in which it happens. Everything else is detail. */
import type { AccessLog } from "./observe/access-log.ts";
import type { EventLog } from "./observe/event-log.ts";
import type { Exchange } from "./request/exchange.ts";
import { hasDotSegment } from "./route/path-prefix.ts";
import type { RouteTable } from "./route/route-table.ts";
import type { Service } from "./service/service.ts";
import { describeFailure, type Failure } from "./target/failure.ts";
import type { Target } from "./target/target.ts";

/** Seconds after which a client is told to try again. */
const RETRY_SOON = 5;
const RETRY_AFTER_MAINTENANCE = 60;

/** How many targets are tried for a request that none of them has seen. */
const MAX_ATTEMPTS = 3;

export class Journey {
  readonly #accessLog: AccessLog;
  readonly #log: EventLog;
  #routes: RouteTable<Service>;

  constructor(routes: RouteTable<Service>, accessLog: AccessLog, log: EventLog) {
    this.#routes = routes;
    this.#accessLog = accessLog;
    this.#log = log;
  }

  /** From now on requests are routed by `routes`; those that are claimed already are not touched. */
  follow(routes: RouteTable<Service>): void {
    this.#routes = routes;
  }

  /** 1. The head of a request is complete. */
  start(exchange: Exchange): void {
    exchange.onEnd = this.#onEnd;
    exchange.remoteAddress = exchange.clientAddress;
    const bucket = this.#routes.bucket(exchange.host);
    if (!bucket) return exchange.answer(404);
    // Where such a path leads is for the target to say; if another prefix could be meant, nobody guesses.
    if (bucket.guarded && exchange.unusualPath && hasDotSegment(exchange.path)) return exchange.answer(400);
    const match = this.#routes.match(bucket, exchange.path, exchange.unusualPath);
    if (!match) return exchange.answer(404);
    const { service } = match;
    service.requestsTotal++;
    exchange.service = service.name;
    exchange.strippedLength = service.route.stripPathPrefix ? match.prefixLength : 0;
    if (service.route.forwardHeaders && exchange.forwardedFor !== "") exchange.remoteAddress = exchange.forwardedFor;
    if (service.loggedRequest.length > 0) logRequestFields(exchange, service.loggedRequest);
    exchange.loggedResponse = service.loggedResponse;
    this.#enter(service, exchange);
  }

  /** 2. The service may be paused or stopped. */
  #enter(service: Service, exchange: Exchange): void {
    const { gate } = service;
    if (gate.state === "running") return this.#send(service, exchange);
    if (service.isHealthCheck(exchange)) return exchange.answer(200);
    if (gate.state === "stopped") {
      return exchange.answer(503, { message: gate.message, retryAfterSeconds: RETRY_AFTER_MAINTENANCE });
    }
    if (!service.waitingRoom.enter(exchange, gate.maxPauseMs)) exchange.answer(503, { retryAfterSeconds: RETRY_SOON });
  }

  /** 3. Claim a target and send, in one synchronous step: between the two no switch can happen. */
  #send(service: Service, exchange: Exchange): void {
    const target = service.rotation.next();
    if (!target) return exchange.answer(503, { retryAfterSeconds: RETRY_SOON });
    target.claimFor(exchange);
    target.send(exchange);
  }

  /** The gate of `service` has changed: those who wait go on, are turned away, or wait on. */
  gateChanged(service: Service): void {
    if (service.gate.state !== "paused") service.waitingRoom.release((exchange) => this.#enter(service, exchange));
  }

  pauseExpired(service: Service, exchange: Exchange): void {
    this.#log.warn("Rejecting request due to expired pause", { service: service.name, path: exchange.path });
    exchange.answer(504);
  }

  /** A target could not be reached and has seen nothing: another one may. */
  tryElsewhere(service: Service | undefined, failed: Target, exchange: Exchange): boolean {
    if (service?.gate.state !== "running" || exchange.attempts >= MAX_ATTEMPTS) return false;
    const target = service.rotation.next(failed);
    if (!target) return false;
    target.claimFor(exchange);
    target.send(exchange);
    return true;
  }

  targetFailed(target: Target, exchange: Exchange, failure: Failure): void {
    if (failure === "drained") {
      this.#log.info("Request cancelled due to draining", { target: target.name, path: exchange.path });
    } else {
      this.#log.error("Error while proxying", {
        target: target.name,
        path: exchange.path,
        error: describeFailure(failure),
      });
    }
  }

  /** 4. Nothing more will happen: one line in the access log. */
  readonly #onEnd = (exchange: Exchange): void => this.#accessLog.record(exchange);
}

function logRequestFields(exchange: Exchange, names: readonly string[]): void {
  exchange.loggedFields ??= [];
  for (const name of names) {
    exchange.loggedFields.push([`req_${name.replaceAll("-", "_")}`, exchange.requestField(name) ?? ""]);
  }
}
