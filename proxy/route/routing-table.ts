/**
 * The routing table: all that the data plane has to know to serve traffic, as plain JSON values. Control builds a new
 * one for every change and hands it over whole; nobody mutates one after that, so it can cross a thread boundary.
 */

export type RoutingTable = {
  /** Grows by one with every table; an acknowledgement names it. */
  readonly version: number;
  readonly services: readonly ServiceRoute[];
};

export type ServiceRoute = {
  readonly name: string;
  /** Lower-case host names without port or trailing dot, `*.name` for one wild label; `""` stands for any host. */
  readonly hosts: readonly string[];
  /** `/` or `/segment…` without a trailing slash. */
  readonly pathPrefixes: readonly string[];
  readonly stripPathPrefix: boolean;
  readonly gate: Gate;
  /** In the order of deployment; rotation takes the ones marked `inRotation`. */
  readonly targets: readonly TargetRoute[];
  /** Answered with an empty 200 while the service is paused or stopped. */
  readonly healthCheckPath: string;
  /** Longest wait for a response head after the request has been sent; 0 waits for ever. */
  readonly targetTimeoutMs: number;
  /** Believe the client's X-Forwarded-* fields. */
  readonly forwardHeaders: boolean;
  /** Field names, as given, whose values the access log carries as well. */
  readonly logRequestHeaders: readonly string[];
  readonly logResponseHeaders: readonly string[];
};

/** Whether requests pass, wait, or are turned away. */
export type Gate =
  | { readonly state: "running" }
  | { readonly state: "paused"; readonly maxPauseMs: number }
  | { readonly state: "stopped"; readonly message: string };

export type TargetRoute = {
  /** Unique for each deployed instance: the same address deployed twice is two targets. */
  readonly id: string;
  /** `host:port`; an IPv6 literal is in brackets. */
  readonly address: string;
  /** False while the target fails its health checks and another one can take its share. */
  readonly inRotation: boolean;
};
