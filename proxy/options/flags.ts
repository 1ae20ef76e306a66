/**
 * The flag tables: every flag's name, kind, default and words once. The command line, its help and the documentation test
 * are built from them; a new option is one line here and one in the record it belongs to.
 */

export type Flag<Kind extends FlagKind = FlagKind> = {
  readonly kind: Kind;
  readonly help: string;
  readonly fallback: FlagValue<Kind>;
  /** Checked after the number of arguments, as the reference does. */
  readonly required?: true;
  /** Environment variables that give the default, first one set wins. */
  readonly environment?: readonly string[];
};

export type FlagKind = "bool" | "int" | "duration" | "string" | "strings";

type ValueOfKind = { bool: boolean; int: number; duration: number; string: string; strings: readonly string[] };
export type FlagValue<Kind extends FlagKind> = ValueOfKind[Kind];
export type FlagTable = { readonly [name: string]: Flag };
/** What parsing a command line by a table gives; durations are milliseconds. */
export type FlagValues<Table extends FlagTable> = { readonly [Name in keyof Table]: FlagValue<Table[Name]["kind"]> };

const drainTimeout = {
  kind: "duration",
  fallback: 30_000,
  help: "how long requests in flight may take to finish",
} as const satisfies Flag<"duration">;

export const DEPLOY_FLAGS = {
  target: { kind: "strings", fallback: [], required: true, help: "target to serve from, host[:port]; repeatable" },
  host: { kind: "strings", fallback: [], help: "host name to serve, *.name for one wild label (default: any host)" },
  "path-prefix": { kind: "strings", fallback: [], help: "path prefix to serve (default: /)" },
  "strip-path-prefix": { kind: "bool", fallback: true, help: "take the prefix off before forwarding" },
  "deploy-timeout": { kind: "duration", fallback: 30_000, help: "how long the targets may take to become healthy" },
  "drain-timeout": drainTimeout,
  force: { kind: "bool", fallback: false, help: "switch at once, without waiting for health" },
  "health-check-interval": { kind: "duration", fallback: 1_000, help: "time between two checks" },
  "health-check-timeout": { kind: "duration", fallback: 5_000, help: "how long one check may take" },
  "health-check-path": { kind: "string", fallback: "/up", help: "path that answers 2xx when the app is ready" },
  "health-check-port": { kind: "int", fallback: 0, help: "port to check (default: the target's)" },
  "health-check-host": {
    kind: "string",
    fallback: "",
    help: "Host header of the check (default: the target's address)",
  },
  "target-timeout": { kind: "duration", fallback: 30_000, help: "how long a response may take to begin, 0 for ever" },
  "forward-headers": { kind: "bool", fallback: true, help: "believe X-Forwarded-* headers that clients send" },
  "log-request-header": { kind: "strings", fallback: [], help: "request header to log as well; repeatable" },
  "log-response-header": { kind: "strings", fallback: [], help: "response header to log as well; repeatable" },
} as const satisfies FlagTable;

export const PAUSE_FLAGS = {
  "drain-timeout": drainTimeout,
  "max-pause": { kind: "duration", fallback: 30_000, help: "how long a request may wait before it is refused" },
} as const satisfies FlagTable;

export const STOP_FLAGS = {
  "drain-timeout": drainTimeout,
  message: { kind: "string", fallback: "", help: "what visitors are told" },
} as const satisfies FlagTable;

export const LIST_FLAGS = {
  json: { kind: "bool", fallback: false, help: "print everything that is known, as JSON" },
} as const satisfies FlagTable;

export const RUN_FLAGS = {
  debug: { kind: "bool", fallback: false, help: "log more", environment: environment("DEBUG") },
  "http-port": { kind: "int", fallback: 80, help: "port for HTTP, 0 for any", environment: environment("HTTP_PORT") },
  "https-port": { kind: "int", fallback: 443, help: "port for HTTPS", environment: environment("HTTPS_PORT") },
  "metrics-port": {
    kind: "int",
    fallback: 0,
    help: "port for metrics, 0 for none",
    environment: environment("METRICS_PORT"),
  },
  http3: { kind: "bool", fallback: false, help: "not supported: Node has no HTTP/3" },
  bind: {
    kind: "string",
    fallback: "",
    help: "address to listen on (default: all, IPv4 and IPv6)",
    // No bare BIND: too many programs mean something else by it.
    environment: ["KAMAL_PROXY_BIND"],
  },
} as const satisfies FlagTable;

export const NO_FLAGS = {} as const satisfies FlagTable;

/** The deploy options that a table's values say, in the form that the option readers take. */
export function deployOptionsOf(values: FlagValues<typeof DEPLOY_FLAGS>) {
  return {
    targets: values.target,
    service: {
      hosts: values.host,
      pathPrefixes: values["path-prefix"],
      stripPathPrefix: values["strip-path-prefix"],
    },
    target: {
      healthCheck: {
        path: values["health-check-path"],
        port: values["health-check-port"],
        intervalMs: values["health-check-interval"],
        timeoutMs: values["health-check-timeout"],
        host: values["health-check-host"],
      },
      targetTimeoutMs: values["target-timeout"],
      forwardHeaders: values["forward-headers"],
      logRequestHeaders: values["log-request-header"],
      logResponseHeaders: values["log-response-header"],
    },
    deployment: {
      deployTimeoutMs: values["deploy-timeout"],
      drainTimeoutMs: values["drain-timeout"],
      force: values.force,
    },
  };
}

function environment(name: string): readonly string[] {
  return [`KAMAL_PROXY_${name}`, name];
}
