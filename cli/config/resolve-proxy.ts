/** A checked proxy section → the proxy settings of one role or accessory, defaults filled in. */
import type { Acme, Proxy, ProxyRun } from "./config.ts";
import { namesIn, type ProxyInput } from "./section/proxy.ts";

const DEFAULT_LOGGED_HEADERS = ["Cache-Control", "Last-Modified", "User-Agent"];

export function resolveProxy(input: ProxyInput): Proxy {
  const { ssl, healthcheck, buffering, logging } = input;
  return {
    hosts: input.hosts ?? namesIn(input.host ?? ""),
    appPort: input.app_port ?? 80,
    ssl: ssl !== undefined && ssl !== false,
    certificate: certificateOf(ssl),
    sslRedirect: input.ssl_redirect,
    forwardHeaders: input.forward_headers,
    responseTimeoutSeconds: input.response_timeout,
    pathPrefixes: input.path_prefixes ?? namesIn(input.path_prefix ?? ""),
    stripPathPrefix: input.strip_path_prefix,
    healthcheck: {
      intervalSeconds: healthcheck?.interval,
      timeoutSeconds: healthcheck?.timeout,
      path: healthcheck?.path,
      port: healthcheck?.port,
      host: healthcheck?.host,
    },
    buffering: {
      requests: buffering?.requests ?? true,
      responses: buffering?.responses ?? true,
      maxRequestBodyBytes: buffering?.max_request_body,
      maxResponseBodyBytes: buffering?.max_response_body,
      memoryBytes: buffering?.memory,
    },
    logging: {
      requestHeaders: logging?.request_headers ?? DEFAULT_LOGGED_HEADERS,
      responseHeaders: logging?.response_headers ?? [],
    },
    run: resolveRun(input.run),
    canonicalHost: input.canonical_host,
    tlsOnDemandUrl: input.tls_on_demand_url,
    clientIpHeader: input.client_ip_header,
    scopeCookiePaths: input.scope_cookie_paths,
    excludeMetricsPaths: input.exclude_metrics_paths ?? [],
    targetProtocol: input.target_protocol,
    hstsSeconds: input.hsts,
    readTargets: input.read_targets ?? [],
    writerAffinityTimeoutSeconds:
      input.writer_affinity_timeout === undefined ? undefined : Number(input.writer_affinity_timeout),
    readTargetWebsockets: input.read_target_websockets,
    acme: resolveAcme(input.acme),
  };
}

function certificateOf(ssl: ProxyInput["ssl"]): Proxy["certificate"] {
  if (typeof ssl !== "object" || ssl.certificate_pem === undefined || ssl.private_key_pem === undefined)
    return undefined;
  return { certificatePem: ssl.certificate_pem, privateKeyPem: ssl.private_key_pem };
}

/** An empty `run` is none, as in the original. */
function resolveRun(run: ProxyInput["run"]): ProxyRun | undefined {
  if (run === undefined || Object.keys(run).length === 0) return undefined;
  return {
    httpPort: run.http_port ?? 80,
    httpsPort: run.https_port ?? 443,
    publish: run.publish ?? true,
    bindIps: run.bind_ips ?? [],
    metricsPort: run.metrics_port,
    metricsBind: run.metrics_bind,
    debug: run.debug ?? false,
    logMaxSize: run.log_max_size ?? "10m",
    registry: run.registry,
    repository: run.repository,
    version: run.version,
    options: Object.fromEntries(Object.entries(run.options ?? {}).toSorted(([one], [other]) => (one < other ? -1 : 1))),
    trustedProxies: run.trusted_proxies ?? [],
    proxyProtocol: run.proxy_protocol ?? false,
    bind: run.bind,
    accessLog: run.access_log ?? true,
    acmePeers: run.acme_peers ?? [],
  };
}

function resolveAcme(acme: ProxyInput["acme"]): Acme | undefined {
  if (acme === undefined) return undefined;
  return {
    directory: acme.directory,
    staging: acme.staging,
    cachePath: acme.cache_path,
    email: acme.email,
    eabKeyId: acme.eab_key_id,
    eabKeyPath: acme.eab_key_path,
    dnsHook: acme.dns_hook,
    peers: acme.peers,
  };
}
