/** The flags of `deploy`, and the options that their values say. Source: proxy-behaviour §1.3. */
import { ProxyError } from "../errors.ts";
import type { FlagTable, FlagValues } from "./flags.ts";
import { DEPLOYMENT_FLAGS, TARGET_FLAGS } from "./flags.ts";
import { STAGING_DIRECTORY } from "./tls-options.ts";

export const DEFAULT_PREPARE_TTL_MS = 300_000;

export const DEPLOY_FLAGS = {
  ...TARGET_FLAGS,
  host: { kind: "strings", fallback: [], help: "host name to serve, *.name for one wild label (default: any host)" },
  "path-prefix": { kind: "strings", fallback: [], help: "path prefix to serve (default: /)" },
  "strip-path-prefix": { kind: "bool", fallback: true, help: "take the prefix off before forwarding" },
  tls: { kind: "bool", fallback: false, help: "serve HTTPS" },
  "tls-on-demand-url": {
    kind: "string",
    fallback: "",
    help: "path or URL that is asked, with ?host=, whether a name may have a certificate",
  },
  "tls-staging": { kind: "bool", fallback: false, help: "get certificates from Let's Encrypt's staging directory" },
  "tls-certificate-path": { kind: "string", fallback: "", help: "PEM file of a certificate of your own" },
  "tls-private-key-path": { kind: "string", fallback: "", help: "PEM file of its private key" },
  "tls-acme-cache-path": {
    kind: "string",
    fallback: "",
    help: "directory that certificates are kept in (default: certs in the proxy's data directory)",
  },
  "tls-acme-directory": {
    kind: "string",
    fallback: "",
    help: "directory URL of the certificate authority (default: Let's Encrypt)",
  },
  "tls-email": { kind: "string", fallback: "", help: "e-mail address for the account at the certificate authority" },
  "tls-eab-key-id": { kind: "string", fallback: "", help: "key id of an external account binding" },
  "tls-eab-key-path": {
    kind: "string",
    fallback: "",
    help: "file with the HMAC key of the external account binding, base64url, on the proxy's side",
  },
  "tls-dns-hook": {
    kind: "string",
    fallback: "",
    help: "program that puts DNS records in place, for wildcards and servers that nobody can reach; on the proxy's side",
  },
  "acme-peer": {
    kind: "strings",
    fallback: [],
    help: "proxy on another server that serves the same names, host[:port]; repeatable",
  },
  "tls-hsts": {
    kind: "int",
    fallback: 0,
    help: "max-age of Strict-Transport-Security over HTTPS in seconds, 0 for none",
  },
  "tls-redirect": { kind: "bool", fallback: true, help: "redirect plain HTTP to HTTPS" },
  "canonical-host": { kind: "string", fallback: "", help: "host that requests for the other hosts are redirected to" },
  ...DEPLOYMENT_FLAGS,
  prepare: {
    kind: "bool",
    fallback: false,
    help: "stop when the targets are healthy and print an id, for commit, abort and revert",
  },
  "prepare-ttl": {
    kind: "duration",
    fallback: DEFAULT_PREPARE_TTL_MS,
    help: "how long a prepared deploy waits for its commit",
  },
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
  "target-protocol": {
    kind: "string",
    fallback: "http1",
    help: "what the targets speak: http1, or h2c for HTTP/2 without TLS (gRPC)",
  },
  "writer-affinity-timeout": {
    kind: "duration",
    fallback: 1_000,
    help: "how long a client's reads go to writers after it has written, 0 for not at all",
  },
  "read-target-websockets": { kind: "bool", fallback: false, help: "let read targets take WebSockets too" },
  "target-timeout": { kind: "duration", fallback: 30_000, help: "how long a response may take to begin, 0 for ever" },
  "buffer-requests": { kind: "bool", fallback: false, help: "take a request in whole before it is forwarded" },
  "buffer-responses": { kind: "bool", fallback: false, help: "take a response in whole before it is passed on" },
  "buffer-memory": {
    kind: "int",
    fallback: 1_048_576,
    help: "bytes of each buffered body kept in memory; the rest goes to a file",
  },
  "max-request-body": { kind: "int", fallback: 0, help: "largest buffered request in bytes, 0 for any size" },
  "max-response-body": { kind: "int", fallback: 0, help: "largest buffered response in bytes, 0 for any size" },
  "error-pages": {
    kind: "string",
    fallback: "",
    help: "directory with pages of your own, such as 503.html, on the proxy's side",
  },
  "log-request-header": { kind: "strings", fallback: [], help: "request header to log as well; repeatable" },
  "log-response-header": { kind: "strings", fallback: [], help: "response header to log as well; repeatable" },
  "exclude-metrics-path": { kind: "strings", fallback: [], help: "exact path that metrics do not count; repeatable" },
  "forward-headers": {
    kind: "bool",
    fallback: true,
    help: "believe X-Forwarded-* headers that clients send",
    default: "true without TLS, false with it",
  },
  "client-ip-header": { kind: "string", fallback: "", help: "header that carries the client's address" },
  "scope-cookie-paths": { kind: "bool", fallback: false, help: "put the stripped prefix before the path of cookies" },
} as const satisfies FlagTable;

/** The deploy options that a table's values say, in the form that the option readers take. */
export function deployOptionsOf(values: FlagValues<typeof DEPLOY_FLAGS>, mentioned: ReadonlySet<string>) {
  return {
    service: {
      hosts: values.host,
      pathPrefixes: values["path-prefix"],
      stripPathPrefix: values["strip-path-prefix"],
      tls: {
        enabled: values.tls,
        redirect: values["tls-redirect"],
        certificatePath: values["tls-certificate-path"],
        privateKeyPath: values["tls-private-key-path"],
        onDemandUrl: values["tls-on-demand-url"],
        directory: directoryOf(values["tls-acme-directory"], values["tls-staging"]),
        acmeCachePath: values["tls-acme-cache-path"],
        email: values["tls-email"],
        eabKeyId: values["tls-eab-key-id"],
        eabKeyPath: values["tls-eab-key-path"],
        dnsHook: values["tls-dns-hook"],
        peers: values["acme-peer"],
        hstsSeconds: values["tls-hsts"],
      },
      canonicalHost: values["canonical-host"],
      writerAffinityTimeoutMs: values["writer-affinity-timeout"],
      readTargetsAcceptWebsockets: values["read-target-websockets"],
      errorPagesPath: values["error-pages"],
      excludeMetricsPaths: values["exclude-metrics-path"],
      clientIpHeader: values["client-ip-header"],
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
      // Left open, it follows TLS: also the TLS that a service below a path has from the one at the root.
      forwardHeaders: mentioned.has("forward-headers") ? values["forward-headers"] : null,
      logRequestHeaders: values["log-request-header"],
      logResponseHeaders: values["log-response-header"],
      buffering: {
        requests: values["buffer-requests"],
        responses: values["buffer-responses"],
        memoryBytes: values["buffer-memory"],
        maxRequestBytes: values["max-request-body"],
        maxResponseBytes: values["max-response-body"],
      },
      scopeCookiePaths: values["scope-cookie-paths"],
      protocol: values["target-protocol"],
    },
    deployment: {
      deployTimeoutMs: values["deploy-timeout"],
      drainTimeoutMs: values["drain-timeout"],
      force: values.force,
    },
  };
}

function directoryOf(url: string, staging: boolean): string {
  if (!staging) return url;
  if (url === "") return STAGING_DIRECTORY;
  throw new ProxyError("invalid-options", "--tls-staging and --tls-acme-directory name two authorities", {
    hint: "Leave one of them out.",
  });
}
