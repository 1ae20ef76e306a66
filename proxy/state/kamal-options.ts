/**
 * kamal-proxy's options, in the names and units of its state file → ours, not yet checked. What it would accept is made
 * acceptable: its waits and sizes below zero meant zero, or a crash. Source: proxy-behaviour §9.
 */
import { isJsonObject, type JsonObject } from "../options/option-fields.ts";

const NS_PER_MS = 1e6;

/** Keys that the functions below translate, by the record they stand in; everything else of it is carried. */
export const TRANSLATED_OPTIONS = {
  service: [
    "hosts",
    "path_prefixes",
    "strip_prefix",
    "tls_enabled",
    "tls_redirect",
    "tls_certificate_path",
    "tls_private_key_path",
    "tls_on_demand_url",
    "acme_directory",
    "acme_cache_path",
    "canonical_host",
    "error_page_path",
    "writer_affinity_timeout",
    "read_targets_accept_websockets",
    "exclude_metrics_paths",
    "client_ip_header",
  ],
  target: [
    "health_check_config",
    "response_timeout",
    "forward_headers",
    "log_request_headers",
    "log_response_headers",
    "buffer_requests",
    "buffer_responses",
    "max_memory_buffer_size",
    "max_request_body_size",
    "max_response_body_size",
    "scope_cookie_paths",
  ],
} as const;

/** Everything of `options` but hosts and path prefixes, which have a second place in older files. */
export function serviceOptionsOf(options: JsonObject, pathPrefixes: unknown): JsonObject {
  return {
    stripPathPrefix: options["strip_prefix"] ?? false,
    tls: tlsOf(options, isBelowRoot(pathPrefixes)),
    canonicalHost: options["canonical_host"],
    errorPagesPath: options["error_page_path"],
    writerAffinityTimeoutMs: atLeastZero(msOf(options["writer_affinity_timeout"]) ?? 0),
    readTargetsAcceptWebsockets: options["read_targets_accept_websockets"],
    excludeMetricsPaths: options["exclude_metrics_paths"],
    clientIpHeader: options["client_ip_header"],
  };
}

export function targetOptionsOf(options: JsonObject, healthCheck: JsonObject): JsonObject {
  return {
    healthCheck: healthCheckOf(healthCheck),
    targetTimeoutMs: atLeastZero(msOf(options["response_timeout"]) ?? 0),
    forwardHeaders: options["forward_headers"] ?? false,
    logRequestHeaders: options["log_request_headers"],
    logResponseHeaders: options["log_response_headers"],
    buffering: {
      requests: options["buffer_requests"],
      responses: options["buffer_responses"],
      memoryBytes: atLeastZero(options["max_memory_buffer_size"] ?? 0),
      maxRequestBytes: atLeastZero(options["max_request_body_size"] ?? 0),
      maxResponseBytes: atLeastZero(options["max_response_body_size"] ?? 0),
    },
    scopeCookiePaths: options["scope_cookie_paths"],
  };
}

/** Any percentage is taken there: below zero nobody is in, above a hundred everybody. Null without a split. */
export function rolloutOf(controller: unknown): unknown {
  if (!isJsonObject(controller)) return controller;
  const { percentage = 0, allowlist } = controller;
  const percent = typeof percentage === "number" ? Math.min(100, Math.max(0, Math.trunc(percentage))) : percentage;
  return { percentage: percent, allowlist };
}

export function msOf(nanoseconds: unknown): number | undefined {
  return typeof nanoseconds === "number" ? nanoseconds / NS_PER_MS : undefined;
}

/**
 * A service below a path was saved with what it had from the service at the root, without the certificate that
 * belongs to it; kamal-proxy itself cannot restore that. It gets the same again from its root.
 */
function tlsOf(options: JsonObject, belowRoot: boolean): JsonObject {
  if (belowRoot) return {};
  return {
    enabled: options["tls_enabled"] ?? false,
    redirect: options["tls_redirect"] ?? false,
    certificatePath: options["tls_certificate_path"],
    privateKeyPath: options["tls_private_key_path"],
    onDemandUrl: options["tls_on_demand_url"],
    directory: options["acme_directory"],
    acmeCachePath: options["acme_cache_path"],
  };
}

function isBelowRoot(pathPrefixes: unknown): boolean {
  return Array.isArray(pathPrefixes) && pathPrefixes.length > 0 && !pathPrefixes.some((path) => /^\/*$/.test(path));
}

/** An interval or a timeout of zero crashed kamal-proxy or failed every check; the default is what was meant. */
function healthCheckOf(config: JsonObject): JsonObject {
  return {
    path: config["path"] ?? "/",
    port: config["port"] ?? 0,
    intervalMs: positive(msOf(config["interval"])),
    timeoutMs: positive(msOf(config["timeout"])),
    host: config["host"] ?? "",
  };
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

/** What is no number is left to the check that knows its name. */
function atLeastZero(value: unknown): unknown {
  return typeof value === "number" ? Math.max(0, value) : value;
}
