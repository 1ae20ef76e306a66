/** How the proxy talks to a service's targets: health checks, waits and headers, as given → canonical, checked options. */
import { OptionFields } from "./option-fields.ts";
import { quote } from "./value-syntax.ts";

export type TargetOptions = {
  readonly healthCheck: HealthCheckOptions;
  /** Longest wait for a response head; 0 waits for ever. */
  readonly targetTimeoutMs: number;
  /** Believe the client's X-Forwarded-* fields. */
  readonly forwardHeaders: boolean;
  readonly logRequestHeaders: readonly string[];
  readonly logResponseHeaders: readonly string[];
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
] as const;

const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * Normalises and validates; absent fields take their defaults.
 * @throws ProxyError `invalid-options`, `target options invalid: …`. Source: proxy-behaviour §1.3, §3.3, weak points 2, 26.
 */
export function readTargetOptions(value: unknown): TargetOptions {
  const fields = new OptionFields("target", value);
  const options = {
    healthCheck: readHealthCheck(new OptionFields("target", fields.nested("healthCheck"))),
    targetTimeoutMs: fields.durationMs("targetTimeoutMs", 30_000, { positive: false, label: "target-timeout" }),
    forwardHeaders: fields.boolean("forwardHeaders", true),
    logRequestHeaders: fieldNames("log-request-header", fields.strings("logRequestHeaders", []), fields),
    logResponseHeaders: fieldNames("log-response-header", fields.strings("logResponseHeaders", []), fields),
  };
  fields.refuseUnknown();
  return options;
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
  const wrong = names.find((name) => !FIELD_NAME.test(name));
  if (wrong !== undefined) throw fields.invalid(`${flag} ${quote(wrong)} is not a header name`);
  return names;
}
