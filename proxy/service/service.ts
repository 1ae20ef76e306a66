/** A service as the data plane runs it: its options and gate from the table, its rotation, and who waits for it. */
import { TargetGroup } from "../balancer/target-group.ts";
import { affinityCookie } from "../balancer/writer-affinity.ts";
import type { Ticker } from "../deadlines.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import type { Limits } from "../limits.ts";
import type { ServiceMetrics } from "../observe/service-metrics.ts";
import type { Exchange } from "../request/exchange.ts";
import { type LoggedField, loggedFields } from "../request/logged-field.ts";
import type { Gate, ServiceRoute } from "../route/routing-table.ts";
import type { Target } from "../target/target.ts";
import { scopeCookies } from "./cookie-scope.ts";
import { Redirect } from "./redirect.ts";
import { RolloutGroup } from "./rollout-split.ts";
import { WaitingRoom } from "./waiting-room.ts";

export class Service {
  readonly name: string;
  requestsTotal = 0;
  /** Everything below is replaced as one when a new table is applied. */
  route: ServiceRoute;
  /** Null when no request of this service is ever redirected. */
  redirect: Redirect | null = null;
  /** Lower-case name of the field that carries the client's address; empty for none. */
  clientIpField = "";
  #rollout: RolloutGroup | null = null;
  readonly #activeTargets = new TargetGroup();
  readonly #rolloutTargets = new TargetGroup();
  /** Wire text of fields on every response over TLS; empty for none. */
  #tlsFields = "";
  loggedRequest: readonly LoggedField[] = [];
  loggedResponse: readonly LoggedField[] = [];
  /** Null while there are no metrics. */
  meter: ServiceMetrics | null = null;
  #unmetered: ReadonlySet<string> | null = null;
  /** The service's own pages; null for the built-in ones. */
  errorPages: Exchange["errorPages"] = null;
  /** What `errorPages` was made from. */
  pagesSource: ServiceRoute["errorPages"] = null;
  /** No table knows it any more: what it still holds back finds nobody to go to. */
  removed = false;
  readonly waitingRoom: WaitingRoom;

  constructor(
    route: ServiceRoute,
    ticker: Ticker,
    limits: Limits,
    onPauseExpired: (service: Service, exchange: Exchange) => void,
  ) {
    this.name = route.name;
    this.route = route;
    this.waitingRoom = new WaitingRoom(ticker, limits.maxWaitingRequests, (exchange) => onPauseExpired(this, exchange));
  }

  get hosts(): readonly string[] {
    return this.route.hosts;
  }

  get pathPrefixes(): readonly string[] {
    return this.route.pathPrefixes;
  }

  get gate(): Gate {
    return this.route.gate;
  }

  /** Takes over a new route; `targets` are those of the route, one by one. */
  update(route: ServiceRoute, targets: readonly Target[]): void {
    this.route = route;
    const members = route.targets.map((member, index) => ({ ...member, target: targets[index] as Target }));
    this.#activeTargets.update(
      members.filter(({ slot }) => slot === "active"),
      route,
    );
    this.#rolloutTargets.update(
      members.filter(({ slot }) => slot === "rollout"),
      route,
    );
    this.#rollout = route.rollout === null || this.#rolloutTargets.empty ? null : new RolloutGroup(route.rollout);
    this.redirect = Redirect.of(route);
    this.clientIpField = route.clientIpHeader.toLowerCase();
    this.#tlsFields = strictTransportSecurity(route.tls.hstsSeconds);
    this.loggedRequest = loggedFields("req", route.logRequestHeaders);
    this.loggedResponse = loggedFields("resp", route.logResponseHeaders);
    this.#unmetered = route.excludeMetricsPaths.length === 0 ? null : new Set(route.excludeMetricsPaths);
  }

  /** False for the paths that `--exclude-metrics-path` names, as the target sees them, decoded. */
  countsInMetrics(exchange: Exchange): boolean {
    return this.#unmetered === null || !this.#unmetered.has(decodedPath(exchange));
  }

  /** The targets that the exchange belongs to: those of the rollout for its visitors, the active ones for the rest. */
  groupFor(exchange: Exchange): TargetGroup {
    return this.#rollout?.admits(exchange) ? this.#rolloutTargets : this.#activeTargets;
  }

  isRollout(group: TargetGroup): boolean {
    return group === this.#rolloutTargets;
  }

  /** Fields for every response to `exchange`, as wire text. */
  standingFields(exchange: Exchange): string {
    return exchange.scheme === "https" ? this.#tlsFields : "";
  }

  /** What the response of a target of `group` has to go through on its way; null in the usual case. */
  responseHook(exchange: Exchange, group: TargetGroup): Exchange["onResponse"] {
    const cookies = this.#cookieHook(exchange, group);
    if (exchange.standingFields === "") return cookies;
    if (cookies === null) return addStrictTransportSecurity;
    return (of, head) => cookies(of, head) + addStrictTransportSecurity(of, head);
  }

  #cookieHook(exchange: Exchange, group: TargetGroup): Exchange["onResponse"] {
    const scopes = this.route.scopeCookiePaths && exchange.strippedPrefix !== "";
    const marks = group.hasReaders && this.route.writerAffinityTimeoutMs > 0 && !group.isRead(exchange);
    if (!scopes && !marks) return null;
    if (!marks) return scopeToPrefix;
    return scopes ? this.#scopeAndMark : this.#markWriter;
  }

  readonly #markWriter = (exchange: Exchange, head: ResponseHead): string =>
    affinityCookie(exchange, head, this.route.writerAffinityTimeoutMs);

  // The proxy's own cookie is for the whole host: it is not scoped.
  readonly #scopeAndMark = (exchange: Exchange, head: ResponseHead): string =>
    scopeToPrefix(exchange, head) + this.#markWriter(exchange, head);

  /** True for the request that a load balancer in front uses to see whether this server is alive. */
  isHealthCheck(exchange: Exchange): boolean {
    if (exchange.method !== "GET" && exchange.method !== "HEAD") return false;
    const path = this.route.healthCheckPath.split("?", 1)[0] as string;
    const routed = exchange.path.slice(exchange.strippedLength);
    return (routed === "" ? "/" : routed) === (path.startsWith("/") ? path : `/${path}`);
  }
}

function decodedPath(exchange: Exchange): string {
  const routed = exchange.path.slice(exchange.strippedLength);
  if (routed === "") return "/";
  if (!routed.includes("%")) return routed;
  try {
    return decodeURIComponent(routed);
  } catch {
    return routed;
  }
}

/** RFC 6797 §6.1. Subdomains may be anybody's, so they are for the application to include. */
function strictTransportSecurity(seconds: number): string {
  return seconds > 0 ? `Strict-Transport-Security: max-age=${seconds}\r\n` : "";
}

/** A target that states its own policy knows better. */
function addStrictTransportSecurity(exchange: Exchange, head: ResponseHead): string {
  return head.valueOf("strict-transport-security") === undefined ? exchange.standingFields : "";
}

function scopeToPrefix(exchange: Exchange, head: ResponseHead): string {
  return scopeCookies(head, exchange.strippedPrefix, exchange.host);
}
