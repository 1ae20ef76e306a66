/** Every metric once: its name, type, labels, help text and buckets. The page, the dashboard's test and the docs follow it. */

export type Metric = {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** In the order in which they are written: alphabetical, as the reference's library does. */
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds of a histogram, in seconds. */
  readonly bounds?: Float64Array;
};

/** Those of the reference. */
const REQUEST_BOUNDS = Float64Array.of(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10);
/** Finer where good apps answer, and up to the default `--target-timeout`. */
const TARGET_BOUNDS = Float64Array.of(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30);
const CONNECT_BOUNDS = Float64Array.of(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5);
const DRAIN_BOUNDS = Float64Array.of(0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600);

const REQUEST = ["method", "service", "status"] as const;
const TARGET = ["release", "service", "target"] as const;

export const METRICS = {
  // As in kamal-proxy
  requests: {
    name: "kamal_proxy_http_requests_total",
    type: "counter",
    labels: REQUEST,
    help: "Requests answered, by method, service and status.",
  },
  duration: {
    name: "kamal_proxy_http_request_duration_seconds",
    type: "histogram",
    labels: REQUEST,
    help: "Time from the request head to the end of the response, waiting in a pause included.",
    bounds: REQUEST_BOUNDS,
  },
  inFlight: {
    name: "kamal_proxy_http_in_flight_requests",
    type: "gauge",
    labels: ["service"],
    help: "Requests that have been routed and have not ended.",
  },

  // Old and new side by side
  targetRequests: {
    name: "kdeploy_proxy_target_requests_total",
    type: "counter",
    labels: ["release", "service", "status_class", "target"],
    help: "Requests that ended at a target, by the release that brought the target and the class of their status.",
  },
  targetDuration: {
    name: "kdeploy_proxy_target_request_duration_seconds",
    type: "histogram",
    labels: TARGET,
    help: "Time from the request head to the end of the response, by target and release.",
    bounds: TARGET_BOUNDS,
  },
  responseTime: {
    name: "kdeploy_proxy_target_response_head_seconds",
    type: "histogram",
    labels: TARGET,
    help: "Time from sending a request to a target, connecting included, to the head of its response.",
    bounds: TARGET_BOUNDS,
  },
  connectTime: {
    name: "kdeploy_proxy_target_connect_seconds",
    type: "histogram",
    labels: TARGET,
    help: "Time that new connections to a target took.",
    bounds: CONNECT_BOUNDS,
  },
  targetFailures: {
    name: "kdeploy_proxy_target_failures_total",
    type: "counter",
    labels: ["reason", "release", "service", "target"],
    help: "Attempts that failed at a target, those that were tried again included.",
  },
  targetInFlight: {
    name: "kdeploy_proxy_target_in_flight_requests",
    type: "gauge",
    labels: TARGET,
    help: "Requests in flight at a target, upgraded connections included.",
  },
  targetHealthy: {
    name: "kdeploy_proxy_target_healthy",
    type: "gauge",
    labels: TARGET,
    help: "1 while the health checks of a target succeed.",
  },
  targetInRotation: {
    name: "kdeploy_proxy_target_in_rotation",
    type: "gauge",
    labels: TARGET,
    help: "1 while a target takes requests.",
  },

  // Connections to targets
  poolConnections: {
    name: "kdeploy_proxy_target_connections",
    type: "gauge",
    labels: ["release", "service", "state", "target"],
    help: "Open connections to a target, idle in its pool or busy.",
  },
  connectionsOpened: {
    name: "kdeploy_proxy_target_connections_opened_total",
    type: "counter",
    labels: TARGET,
    help: "Connections made to a target, failed ones included.",
  },
  connectionsReused: {
    name: "kdeploy_proxy_target_connections_reused_total",
    type: "counter",
    labels: TARGET,
    help: "Requests sent over a connection that was there already.",
  },
  staleRetries: {
    name: "kdeploy_proxy_target_stale_retries_total",
    type: "counter",
    labels: TARGET,
    help: "Requests sent again because the target had closed the idle connection they were sent over.",
  },

  // Deploys and pauses
  waiting: {
    name: "kdeploy_proxy_waiting_requests",
    type: "gauge",
    labels: ["service"],
    help: "Requests held back by a pause.",
  },
  drainDuration: {
    name: "kdeploy_proxy_drain_duration_seconds",
    type: "histogram",
    labels: ["service"],
    help: "Time that drains took; their number is the count.",
    bounds: DRAIN_BOUNDS,
  },
  drainedRequests: {
    name: "kdeploy_proxy_drained_requests_total",
    type: "counter",
    labels: ["outcome", "service"],
    help: "Requests that a drain waited for, completed by themselves or cut at its deadline.",
  },

  // Clients
  clientConnections: {
    name: "kdeploy_proxy_client_connections",
    type: "gauge",
    labels: [],
    help: "Open client connections.",
  },
  clientConnectionsAccepted: {
    name: "kdeploy_proxy_client_connections_accepted_total",
    type: "counter",
    labels: [],
    help: "Client connections accepted.",
  },
  rejected: {
    name: "kdeploy_proxy_rejected_requests_total",
    type: "counter",
    labels: ["status"],
    help: "Requests refused before routing: malformed, too large or too slow.",
  },

  // Certificates
  certificateExpiry: {
    name: "kdeploy_proxy_certificate_expiry_timestamp_seconds",
    type: "gauge",
    labels: ["name"],
    help: "When the certificate for a name expires, seconds since 1970.",
  },
  certificateRenewal: {
    name: "kdeploy_proxy_certificate_renewal_timestamp_seconds",
    type: "gauge",
    labels: ["name"],
    help: "When the certificate for a name is to be renewed, seconds since 1970.",
  },
  certificateOrders: {
    name: "kdeploy_proxy_certificate_orders_total",
    type: "counter",
    labels: ["result"],
    help: "Orders of certificates that have ended, by their result: issued, or why not.",
  },

  // The proxy itself
  logLinesDropped: {
    name: "kdeploy_proxy_log_lines_dropped_total",
    type: "counter",
    labels: [],
    help: "Log lines lost because their reader did not keep up.",
  },
  logLinesSuppressed: {
    name: "kdeploy_proxy_log_lines_suppressed_total",
    type: "counter",
    labels: [],
    help: "Log lines not written because too many of their kind came in one second.",
  },
  seriesRefused: {
    name: "kdeploy_proxy_metrics_overflow_total",
    type: "counter",
    labels: [],
    help: "Observations not kept because the metrics have as many series as they may have.",
  },
  memory: {
    name: "kdeploy_proxy_memory_bytes",
    type: "gauge",
    labels: ["kind"],
    help: "Memory of the process: resident, the JavaScript heap in use and reserved, and buffers outside it.",
  },
  eventLoopLag: {
    name: "kdeploy_proxy_event_loop_lag_seconds",
    type: "gauge",
    labels: ["quantile"],
    help: "How late the event loop was since the scrape before; quantile 1 is the longest.",
  },
  uptime: {
    name: "kdeploy_proxy_uptime_seconds",
    type: "gauge",
    labels: [],
    help: "Time since the start of the process.",
  },
  buildInfo: {
    name: "kdeploy_proxy_build_info",
    type: "gauge",
    labels: ["node", "version"],
    help: "Always 1; its labels say what is running.",
  },

  // What Prometheus' own libraries call them, for dashboards that know nothing of this proxy
  processCpu: {
    name: "process_cpu_seconds_total",
    type: "counter",
    labels: [],
    help: "CPU time of the process, user and system.",
  },
  processMemory: {
    name: "process_resident_memory_bytes",
    type: "gauge",
    labels: [],
    help: "Resident memory of the process.",
  },
  processStart: {
    name: "process_start_time_seconds",
    type: "gauge",
    labels: [],
    help: "Start of the process, seconds since 1970.",
  },
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricKey = keyof typeof METRICS;

/** The values of one metric, as plain data that can cross a thread boundary. */
export type MetricFamily = { readonly metric: MetricKey; readonly series: readonly MetricSeries[] };
export type MetricSeries = {
  /** Label pairs as they stand between the braces of the text format; empty for none. */
  readonly labels: string;
  /** One number; of a histogram its buckets (not cumulative), then its sum. */
  readonly values: ArrayLike<number>;
};

/** Label pairs in the text format, in the order of the metric's labels. */
export function labelText(metric: MetricKey, ...values: readonly string[]): string {
  return METRICS[metric].labels.map((label, index) => `${label}="${escapeLabel(values[index] ?? "")}"`).join(",");
}

function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/[\\"\n]/g, (character) => ESCAPES[character] as string) : value;
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n" };
