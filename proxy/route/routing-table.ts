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
  /** The split between the `active` and the `rollout` slot; null sends everybody to `active`. */
  readonly rollout: RolloutSplit | null;
  /** After a write, reads of the same client go to writers for this long; 0 for never. */
  readonly writerAffinityTimeoutMs: number;
  readonly readTargetsAcceptWebsockets: boolean;
  /** Other hosts are redirected here; empty for none. */
  readonly canonicalHost: string;
  readonly tls: TlsRoute;
  /** What the targets speak: HTTP/1.1, or HTTP/2 without TLS (prior knowledge, RFC 9113 §3.3). */
  readonly targetProtocol: "http1" | "h2c";
  /** Field that carries the client's address; empty for none. */
  readonly clientIpHeader: string;
  readonly scopeCookiePaths: boolean;
  readonly buffering: Buffering;
  /** Source of custom pages by file name (`503.html`); null for the built-in ones. Parsed when the table is applied. */
  readonly errorPages: Readonly<Record<string, string>> | null;
  /** Routed paths that metrics do not count. */
  readonly excludeMetricsPaths: readonly string[];
  /** Field names, as given, whose values the access log carries as well. */
  readonly logRequestHeaders: readonly string[];
  readonly logResponseHeaders: readonly string[];
};

export type TlsRoute = {
  readonly enabled: boolean;
  /** Plain HTTP is sent to HTTPS. */
  readonly redirect: boolean;
  /** The proxy gets the certificates itself: what is below /.well-known/acme-challenge/ is its own business. */
  readonly automatic: boolean;
  /** `max-age` of Strict-Transport-Security on responses over TLS, seconds; 0 for none. RFC 6797. */
  readonly hstsSeconds: number;
};

/** Whether requests pass, wait, or are turned away. */
export type Gate =
  | { readonly state: "running" }
  | { readonly state: "paused"; readonly maxPauseMs: number }
  | { readonly state: "stopped"; readonly message: string };

export type RolloutSplit = {
  readonly percentage: number;
  readonly allowlist: readonly string[];
};

export type Buffering = {
  readonly requests: boolean;
  readonly responses: boolean;
  /** Of each body, the rest spills to a file. */
  readonly memoryBytes: number;
  /** 0 for no limit. */
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
};

export type TargetRoute = {
  readonly slot: "active" | "rollout";
  /** Readers take GET and HEAD only. */
  readonly role: "writer" | "reader";
  /** Unique for each deployed instance: the same address deployed twice is two targets. */
  readonly id: string;
  /** `host:port`; an IPv6 literal is in brackets. */
  readonly address: string;
  /** False while the target fails its health checks and another one can take its share. */
  readonly inRotation: boolean;
  /** Its checks succeed; for metrics only. As `inRotation` when absent. */
  readonly healthy?: boolean;
};
