/** How the proxy talks to a service's targets: health checks, waits and headers, as given → canonical, checked options. */
import { OptionFields } from "./option-fields.ts";
import { isFieldName, quote } from "./value-syntax.ts";

export type TargetOptions = {
  readonly healthCheck: HealthCheckOptions;
  /** Longest wait for a response head; 0 waits for ever. */
  readonly targetTimeoutMs: number;
  /** Believe the client's X-Forwarded-* fields; null for the default, which is to believe them where there is no TLS. */
  readonly forwardHeaders: boolean | null;
  readonly logRequestHeaders: readonly string[];
  readonly logResponseHeaders: readonly string[];
  readonly buffering: BufferingOptions;
  /** Prefix the path of `Set-Cookie` with the path prefix that was stripped. */
  readonly scopeCookiePaths: boolean;
  /** `h2c` is HTTP/2 without TLS, for gRPC. */
  readonly protocol: "http1" | "h2c";
};

export type BufferingOptions = {
  readonly requests: boolean;
  readonly responses: boolean;
  /** Of each body, the rest spills to a file. */
  readonly memoryBytes: number;
  /** 0 for no limit; without buffering nothing is measured. */
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
};

export type HealthCheckOptions = {
  /** Starts with `/`; may carry a query. */
  readonly path: string;
  /** 0 means the target's own port. */
  readonly port: number;
  readonly intervalMs: number;
  /** For one try as a whole: connecting, response head and body. */
  readonly timeoutMs: number;
  /** `Host` of the check; empty means the target's address. */
  readonly host: string;
};

export const TARGET_OPTION_KEYS = [
  "healthCheck",
  "targetTimeoutMs",
  "forwardHeaders",
  "logRequestHeaders",
  "logResponseHeaders",
  "buffering",
  "scopeCookiePaths",
  "protocol",
] as const satisfies readonly (keyof TargetOptions)[];

const DEFAULT_BUFFER_BYTES = 1024 * 1024;

/**
 * Normalises and validates; absent fields take their defaults.
 * @throws ProxyError `invalid-options`, `target options invalid: …`. Source: proxy-behaviour §1.3, §3.3, weak points 2, 26.
 */
export function readTargetOptions(value: unknown): TargetOptions {
  const fields = new OptionFields("target", value);
  const options = {
    healthCheck: readHealthCheck(new OptionFields("target", fields.nested("healthCheck"))),
    targetTimeoutMs: fields.durationMs("targetTimeoutMs", 30_000, { positive: false, label: "target-timeout" }),
    forwardHeaders: fields.optionalBoolean("forwardHeaders"),
    logRequestHeaders: fieldNames("log-request-header", fields.strings("logRequestHeaders", []), fields),
    logResponseHeaders: fieldNames("log-response-header", fields.strings("logResponseHeaders", []), fields),
    buffering: readBuffering(new OptionFields("target", fields.nested("buffering"))),
    scopeCookiePaths: fields.boolean("scopeCookiePaths", false),
    protocol: targetProtocol(fields.string("protocol", "http1"), fields),
  };
  fields.refuseUnknown();
  return options;
}

function targetProtocol(text: string, fields: OptionFields): "http1" | "h2c" {
  if (text === "http1" || text === "h2c") return text;
  throw fields.invalid(`target-protocol must be http1 or h2c, not ${quote(text)}`);
}

function readHealthCheck(fields: OptionFields): HealthCheckOptions {
  const options = {
    path: healthCheckPath(fields.string("path", "/up"), fields),
    port: fields.integer("port", 0, { min: 0, max: 65_535, label: "health-check-port" }),
    intervalMs: fields.durationMs("intervalMs", 1_000, { positive: true, label: "health-check-interval" }),
    timeoutMs: fields.durationMs("timeoutMs", 5_000, { positive: true, label: "health-check-timeout" }),
    host: healthCheckHost(fields.string("host", ""), fields),
  };
  fields.refuseUnknown();
  return options;
}

function readBuffering(fields: OptionFields): BufferingOptions {
  const options = {
    requests: fields.boolean("requests", false),
    responses: fields.boolean("responses", false),
    memoryBytes: bytes("memoryBytes", DEFAULT_BUFFER_BYTES, "buffer-memory", fields),
    maxRequestBytes: bytes("maxRequestBytes", 0, "max-request-body", fields),
    maxResponseBytes: bytes("maxResponseBytes", 0, "max-response-body", fields),
  };
  fields.refuseUnknown();
  return options;
}

function bytes(key: string, fallback: number, label: string, fields: OptionFields): number {
  return fields.integer(key, fallback, { min: 0, max: Number.MAX_SAFE_INTEGER, label });
}

/** Sent as it is, query included; the original escapes the `?`, so that no query can be used. */
function healthCheckPath(text: string, fields: OptionFields): string {
  if (/[^\x21-\x7e]|#/.test(text)) {
    throw fields.invalid(`health-check-path ${quote(text)} may hold visible ASCII characters only, and no "#"`);
  }
  return text.startsWith("/") ? text : `/${text}`;
}

function healthCheckHost(text: string, fields: OptionFields): string {
  if (/[^\x21-\x7e]|[/@?#\\]/.test(text)) throw fields.invalid(`health-check-host ${quote(text)} is not a host name`);
  return text;
}

function fieldNames(flag: string, names: readonly string[], fields: OptionFields): readonly string[] {
  const wrong = names.find((name) => !isFieldName(name));
  if (wrong !== undefined) throw fields.invalid(`${flag} ${quote(wrong)} is not a header name`);
  return names;
}
