/** A service as the data plane runs it: its options and gate from the table, its rotation, and who waits for it. */
import { Rotation } from "../balancer/rotation.ts";
import type { Ticker } from "../deadlines.ts";
import type { Limits } from "../limits.ts";
import type { Exchange } from "../request/exchange.ts";
import type { Gate, ServiceRoute } from "../route/routing-table.ts";
import type { Target } from "../target/target.ts";
import { WaitingRoom } from "./waiting-room.ts";

export class Service {
  readonly name: string;
  requestsTotal = 0;
  /** Everything below is replaced as one when a new table is applied. */
  route: ServiceRoute;
  rotation: Rotation;
  loggedRequest: readonly string[] = [];
  loggedResponse: readonly string[] = [];
  readonly waitingRoom: WaitingRoom;

  constructor(
    route: ServiceRoute,
    ticker: Ticker,
    limits: Limits,
    onPauseExpired: (service: Service, exchange: Exchange) => void,
  ) {
    this.name = route.name;
    this.route = route;
    this.rotation = new Rotation([]);
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

  /** Takes over a new route; `targets` are those of the route that are in rotation. */
  update(route: ServiceRoute, targets: readonly Target[]): void {
    this.route = route;
    if (!sameTargets(this.rotation.targets, targets)) this.rotation = new Rotation(targets);
    this.loggedRequest = route.logRequestHeaders.map((name) => name.toLowerCase());
    this.loggedResponse = route.logResponseHeaders.map((name) => name.toLowerCase());
  }

  /** True for the request that a load balancer in front uses to see whether this server is alive. */
  isHealthCheck(exchange: Exchange): boolean {
    if (exchange.method !== "GET" && exchange.method !== "HEAD") return false;
    const path = this.route.healthCheckPath.split("?", 1)[0] as string;
    const routed = exchange.path.slice(exchange.strippedLength);
    return (routed === "" ? "/" : routed) === (path.startsWith("/") ? path : `/${path}`);
  }
}

function sameTargets(before: readonly Target[], now: readonly Target[]): boolean {
  return before.length === now.length && before.every((target, index) => target === now[index]);
}
