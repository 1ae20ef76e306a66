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
  /** The default in words, where it is not simply the fallback. */
  readonly default?: string;
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

/** Where a deploy leads, whichever slot it is for. */
export const TARGET_FLAGS = {
  target: { kind: "strings", fallback: [], required: true, help: "target to serve from, host[:port]; repeatable" },
  "read-target": { kind: "strings", fallback: [], help: "target for GET and HEAD only, host[:port]; repeatable" },
} as const satisfies FlagTable;

export const DEPLOYMENT_FLAGS = {
  "deploy-timeout": { kind: "duration", fallback: 30_000, help: "how long the targets may take to become healthy" },
  "drain-timeout": drainTimeout,
} as const satisfies FlagTable;

export const ROLLOUT_DEPLOY_FLAGS = { ...TARGET_FLAGS, ...DEPLOYMENT_FLAGS } as const satisfies FlagTable;

export const ROLLOUT_SET_FLAGS = {
  percent: { kind: "int", fallback: 0, help: "share of the visitors with a kamal-rollout cookie, 0 to 100" },
  list: { kind: "strings", fallback: [], help: "values of that cookie that are always in; repeatable" },
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

export const CERTIFICATES_FLAGS = {
  json: { kind: "bool", fallback: false, help: "print everything that is known, as JSON" },
} as const satisfies FlagTable;

export const RUN_FLAGS = {
  debug: { kind: "bool", fallback: false, help: "log more", environment: environment("DEBUG") },
  "http-port": { kind: "int", fallback: 80, help: "port for HTTP, 0 for any", environment: environment("HTTP_PORT") },
  "https-port": {
    kind: "int",
    fallback: 443,
    help: "port for HTTPS, 0 for any",
    environment: environment("HTTPS_PORT"),
  },
  "metrics-port": {
    kind: "int",
    fallback: 0,
    help: "port for metrics, 0 for none",
    environment: environment("METRICS_PORT"),
  },
  "metrics-bind": {
    kind: "string",
    fallback: "",
    help: "address to serve metrics on (default: all, IPv4 and IPv6)",
    environment: ["KAMAL_PROXY_METRICS_BIND"],
  },
  "access-log": {
    kind: "bool",
    fallback: true,
    help: "log one line for each request",
    environment: ["KAMAL_PROXY_ACCESS_LOG"],
  },
  http3: { kind: "bool", fallback: false, help: "not supported: Node has no HTTP/3" },
  bind: {
    kind: "string",
    fallback: "",
    help: "address to listen on (default: all, IPv4 and IPv6)",
    // No bare BIND: too many programs mean something else by it.
    environment: ["KAMAL_PROXY_BIND"],
  },
  "trusted-proxy": {
    kind: "strings",
    fallback: [],
    help: "address range whose forwarded headers are believed, or private, or cloudflare; repeatable (default: anybody's)",
    environment: ["KAMAL_PROXY_TRUSTED_PROXY"],
  },
  "acme-peer": {
    kind: "strings",
    fallback: [],
    help: "proxy on another server that serves the same names, host[:port]; repeatable",
    environment: ["KAMAL_PROXY_ACME_PEER"],
  },
  "proxy-protocol": {
    kind: "bool",
    fallback: false,
    help: "expect the PROXY protocol, version 1 or 2, on every connection",
    environment: ["KAMAL_PROXY_PROXY_PROTOCOL"],
  },
} as const satisfies FlagTable;

export const ABORT_FLAGS = {
  id: {
    kind: "string",
    fallback: "",
    help: "what deploy --prepare has printed (default: whatever is prepared, or being prepared)",
  },
} as const satisfies FlagTable;

/** For `commit` and `revert`. */
export const PREPARED_FLAGS = {
  id: { kind: "string", fallback: "", required: true, help: "what deploy --prepare has printed" },
} as const satisfies FlagTable;

export const NO_FLAGS = {} as const satisfies FlagTable;

function environment(name: string): readonly string[] {
  return [`KAMAL_PROXY_${name}`, name];
}
