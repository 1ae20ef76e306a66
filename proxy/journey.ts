/** The way of a request, from the wire to a target, in the order in which it happens. Everything else is detail. */
import type { BufferSpace } from "./body/buffer-space.ts";
import { RequestBuffer } from "./body/request-buffer.ts";
import { ResponseBuffer, type ResponseBufferEvents } from "./body/response-buffer.ts";
import type { HttpChallenges } from "./challenge/http-challenges.ts";
import { CHALLENGE_PATH } from "./challenge/peers.ts";
import type { AccessLog } from "./observe/access-log.ts";
import type { EventLog } from "./observe/event-log.ts";
import type { Metrics } from "./observe/metrics.ts";
import { type Exchange, Peer } from "./request/exchange.ts";
import { readStatedAddress, schemeOfClient } from "./request/forwarded-fields.ts";
import { type LoggedField, loggedValue } from "./request/logged-field.ts";
import { hasDotSegment } from "./route/path-prefix.ts";
import type { RouteTable } from "./route/route-table.ts";
import { NOWHERE, redirectStatus } from "./service/redirect.ts";
import type { Service } from "./service/service.ts";
import { describeFailure, type Failure, statusOfFailure } from "./target/failure.ts";
import type { Target } from "./target/target.ts";

/** Seconds after which a client is told to try again. */
const RETRY_SOON = 5;
const RETRY_AFTER_MAINTENANCE = 60;

/** How many targets are tried for a request that none of them has seen. */
const MAX_ATTEMPTS = 3;

export class Journey {
  readonly #accessLog: AccessLog | null;
  readonly #log: EventLog;
  readonly #metrics: Metrics | null;
  readonly #bufferSpace: BufferSpace;
  #routes: RouteTable<Service>;
  #challenges: HttpChallenges | null = null;

  constructor(
    routes: RouteTable<Service>,
    accessLog: AccessLog | null,
    log: EventLog,
    metrics: Metrics | null,
    bufferSpace: BufferSpace,
  ) {
    this.#routes = routes;
    this.#accessLog = accessLog;
    this.#log = log;
    this.#metrics = metrics;
    this.#bufferSpace = bufferSpace;
  }

  /** From now on requests are routed by `routes`; those that are claimed already are not touched. */
  follow(routes: RouteTable<Service>): void {
    this.#routes = routes;
  }

  /** Certificate authorities are answered from `challenges`; null while nobody expects them. */
  answerChallenges(challenges: HttpChallenges | null): void {
    this.#challenges = challenges;
  }

  /** 1. The head of a request is complete. */
  start(exchange: Exchange): void {
    exchange.onEnd = this.#onEnd;
    if (this.#challenges !== null && exchange.path.startsWith(CHALLENGE_PATH)) {
      if (this.#answerChallenge(this.#challenges, exchange)) return;
    }
    const bucket = this.#routes.bucket(exchange.host);
    if (!bucket) return this.#refuse(exchange, 404);
    // Where such a path leads is for the target to say; if another prefix could be meant, nobody guesses.
    if (bucket.guarded && exchange.unusualPath && hasDotSegment(exchange.path)) return this.#refuse(exchange, 400);
    const match = this.#routes.match(bucket, exchange.path, exchange.unusualPath);
    if (!match) return this.#refuse(exchange, 404);
    const { service } = match;
    service.requestsTotal++;
    exchange.service = service.name;
    if (match.prefixLength > 0 && service.route.stripPathPrefix) {
      exchange.strippedLength = match.prefixLength;
      exchange.strippedPrefix = match.prefix;
    }
    if (exchange.forwardedFor !== "" && exchange.peer === Peer.Anybody && service.route.forwardHeaders) {
      exchange.remoteAddress = exchange.forwardedFor;
    }
    if (service.clientIpField !== "") readStatedAddress(exchange, service.clientIpField);
    if (service.loggedRequest.length > 0) logRequestFields(exchange, service.loggedRequest);
    exchange.loggedResponse = service.loggedResponse;
    exchange.errorPages = service.errorPages;
    exchange.standingFields = service.standingFields(exchange);
    if (service.meter !== null && service.countsInMetrics(exchange)) service.meter.begin(exchange);
    this.#admit(service, exchange);
  }

  /**
   * A certificate authority that comes to see a challenge is answered whatever the services are doing. A service that
   * does not leave certificates to the proxy may have them from elsewhere: what we do not know is its own.
   */
  #answerChallenge(challenges: HttpChallenges, exchange: Exchange): boolean {
    if (exchange.method !== "GET" && exchange.method !== "HEAD") return false;
    if (!challenges.knows(exchange)) {
      const bucket = this.#routes.bucket(exchange.host);
      const match = bucket ? this.#routes.match(bucket, exchange.path, exchange.unusualPath) : null;
      if (match !== null && !match.service.route.tls.automatic) return false;
    }
    this.#metrics?.unrouted.begin(exchange);
    challenges.answer(exchange);
    return true;
  }

  /** No service is to be asked. */
  #refuse(exchange: Exchange, status: number): void {
    this.#metrics?.unrouted.begin(exchange);
    exchange.answer(status);
  }

  /** 2. The client may have to come by another address, whatever the service is doing. */
  #admit(service: Service, exchange: Exchange): void {
    // Name and certificate belong to different services: this one was never meant to be reached that way.
    if (exchange.scheme === "https" && (exchange.misdirected || !service.route.tls.enabled)) {
      const refusal = refusalOfMisdirected(exchange, service);
      if (refusal !== 0) return exchange.answer(refusal);
    }
    const location = service.redirect?.locationFor(exchange, schemeOfClient(exchange)) ?? null;
    if (location === null) return this.#enter(service, exchange);
    if (location === NOWHERE) return exchange.answer(400);
    exchange.answer(redirectStatus(exchange.method), { location });
  }

  /** 3. The service may be paused or stopped. */
  #enter(service: Service, exchange: Exchange): void {
    const { gate } = service;
    if (gate.state === "running") {
      const { requests } = service.route.buffering;
      if (!requests || exchange.requestComplete) return this.#send(service, exchange);
      return this.#receiveBody(service, exchange);
    }
    if (service.isHealthCheck(exchange)) return exchange.answer(200);
    if (gate.state === "stopped") {
      return exchange.answer(503, { message: gate.message, retryAfterSeconds: RETRY_AFTER_MAINTENANCE });
    }
    if (!service.waitingRoom.enter(exchange, gate.maxPauseMs)) exchange.answer(503, { retryAfterSeconds: RETRY_SOON });
  }

  /** The service wants whole requests: while a slow client sends its own, no target is claimed, and no drain waits. */
  #receiveBody(service: Service, exchange: Exchange): void {
    const body = new RequestBuffer(exchange, service.route.buffering, this.#bufferSpace, {
      // Meanwhile the service may have been paused, stopped or removed.
      onComplete: () => (service.removed ? exchange.answer(404) : this.#enter(service, exchange)),
      onFailure: (_, error) => {
        const { path } = exchange;
        this.#log.error("Error buffering request", { service: service.name, path, error: error.message });
      },
    });
    body.start();
  }

  /** 4. Claim a target and send, in one synchronous step: between the two no switch can happen. */
  #send(service: Service, exchange: Exchange): void {
    const group = service.groupFor(exchange);
    const target = group.next(exchange);
    if (!target) return exchange.answer(503, { retryAfterSeconds: RETRY_SOON });
    if (service.isRollout(group)) {
      this.#log.debug("Using rollout for request", { service: service.name, path: exchange.path });
    }
    exchange.onResponse = service.responseHook(exchange, group);
    const { buffering } = service.route;
    if (buffering.responses) {
      exchange.responseBuffer = new ResponseBuffer(exchange, buffering, this.#bufferSpace, this.#bufferEvents);
    }
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
    // The same group as before: an exchange belongs to readers or writers, active or rollout, by what it is.
    const target = service.groupFor(exchange).next(exchange, failed);
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

  readonly #bufferEvents: ResponseBufferEvents = {
    onFailure: (exchange, failure, error) => {
      const { service, target, path } = exchange;
      exchange.targetMeter?.failed(failure);
      if (failure === "response-too-large") {
        this.#log.error("Response exceeded max response limit", { service, target, path });
      } else {
        this.#log.error("Error buffering response", { service, target, path, error: error?.message ?? failure });
      }
      exchange.answer(statusOfFailure(failure));
    },
  };

  /** 5. Nothing more will happen: one line in the access log, and the figures. */
  readonly #onEnd = (exchange: Exchange): void => {
    const elapsedMs = performance.now() - exchange.startedAt;
    this.#accessLog?.record(exchange, elapsedMs);
    if (exchange.meter === null) return;
    exchange.meter.ended(exchange, elapsedMs);
    exchange.targetMeter?.ended(exchange, elapsedMs);
  };
}

/**
 * A request for a host that its TLS connection was not made for: 0 to let it pass, or the status to answer with.
 * HTTP/2 clients share connections between names, and go elsewhere when they are told to. RFC 9110 §15.5.20.
 */
function refusalOfMisdirected(exchange: Exchange, service: Service): number {
  if (!service.route.tls.enabled) return exchange.misdirected ? 421 : 503;
  // The names of one server have one policy: an HTTP/1.1 client that names them differently, twice, means what it says.
  return exchange.protocol === "HTTP/2.0" ? 421 : 0;
}

function logRequestFields(exchange: Exchange, fields: readonly LoggedField[]): void {
  exchange.loggedFields ??= [];
  for (const field of fields) {
    exchange.loggedFields.push([field.key, loggedValue(field, exchange.requestField(field.name))]);
  }
}
