/** Proxy settings of a role or an accessory → the flags of `kamal-proxy deploy`, in the original's order, its own last. Source: cli-docker-commands §4. */
import type { Config, Proxy } from "../config/config.ts";
import { proxyFlag, secondsFlag } from "./docker.ts";
import { errorPagesInProxy } from "./error-pages.ts";
import { type TlsOwner, tlsPathsInProxy } from "./tls-files.ts";

export type DeployTarget = {
  readonly containerId: string;
  /** Names the directory of its certificate. */
  readonly owner: TlsOwner;
  /** Of the error pages; undefined for an accessory, which has none. */
  readonly version: string | undefined;
  /** Other hosts that serve the same names: with automatic certificates the proxies ask one another. */
  readonly peers: readonly string[];
};

/** Absent settings are left to the proxy. */
export function deployFlags(config: Config, proxy: Proxy, target: DeployTarget): string[] {
  const { buffering, healthcheck, logging } = proxy;
  const custom = proxy.certificate === undefined ? undefined : tlsPathsInProxy(config, target.owner);
  const errorPages =
    config.errorPagesPath === undefined || target.version === undefined
      ? undefined
      : errorPagesInProxy(config, target.version);
  return [
    proxyFlag("target", `${target.containerId}:${proxy.appPort}`),
    proxyFlag("host", proxy.hosts),
    proxyFlag("tls", proxy.ssl ? true : undefined),
    proxyFlag("tls-certificate-path", custom?.certificate),
    proxyFlag("tls-private-key-path", custom?.privateKey),
    secondsFlag("deploy-timeout", config.deployTimeoutSeconds),
    secondsFlag("drain-timeout", config.drainTimeoutSeconds),
    secondsFlag("health-check-interval", healthcheck.intervalSeconds),
    secondsFlag("health-check-timeout", healthcheck.timeoutSeconds),
    proxyFlag("health-check-path", healthcheck.path),
    secondsFlag("target-timeout", proxy.responseTimeoutSeconds),
    proxyFlag("buffer-requests", buffering.requests),
    proxyFlag("buffer-responses", buffering.responses),
    proxyFlag("buffer-memory", buffering.memoryBytes),
    proxyFlag("max-request-body", buffering.maxRequestBodyBytes),
    proxyFlag("max-response-body", buffering.maxResponseBodyBytes),
    proxyFlag("path-prefix", proxy.pathPrefixes),
    proxyFlag("strip-path-prefix", proxy.stripPathPrefix),
    proxyFlag("forward-headers", proxy.forwardHeaders),
    proxyFlag("tls-redirect", proxy.sslRedirect),
    proxyFlag("log-request-header", logging.requestHeaders),
    proxyFlag("log-response-header", logging.responseHeaders),
    proxyFlag("error-pages", errorPages),
    ownFlags(proxy, target.peers),
  ].flat();
}

/** What only kdeploy's proxy knows. */
function ownFlags(proxy: Proxy, peers: readonly string[]): string[] {
  const { acme, healthcheck } = proxy;
  const automatic = proxy.ssl && proxy.certificate === undefined;
  return [
    proxyFlag("health-check-port", healthcheck.port),
    proxyFlag("health-check-host", healthcheck.host),
    proxyFlag("canonical-host", proxy.canonicalHost),
    proxyFlag("client-ip-header", proxy.clientIpHeader),
    proxyFlag("scope-cookie-paths", proxy.scopeCookiePaths),
    proxyFlag("exclude-metrics-path", proxy.excludeMetricsPaths),
    proxyFlag("target-protocol", proxy.targetProtocol),
    proxyFlag("read-target", proxy.readTargets),
    secondsFlag("writer-affinity-timeout", proxy.writerAffinityTimeoutSeconds),
    proxyFlag("read-target-websockets", proxy.readTargetWebsockets),
    proxyFlag("tls-hsts", proxy.hstsSeconds),
    proxyFlag("tls-on-demand-url", proxy.tlsOnDemandUrl),
    proxyFlag("tls-acme-directory", acme?.directory),
    proxyFlag("tls-staging", acme?.staging),
    proxyFlag("tls-acme-cache-path", acme?.cachePath),
    proxyFlag("tls-email", acme?.email),
    proxyFlag("tls-eab-key-id", acme?.eabKeyId),
    proxyFlag("tls-eab-key-path", acme?.eabKeyPath),
    proxyFlag("tls-dns-hook", acme?.dnsHook),
    proxyFlag("acme-peer", automatic ? (acme?.peers ?? peers.map(addressOf)) : undefined),
  ].flat();
}

/** `deploy@app:2222` → `app`: user and port are for ssh. */
export function addressOf(host: string): string {
  const name = host.slice(host.lastIndexOf("@") + 1);
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(name)?.[1];
  return bracketed ?? (name.split(":").length === 2 ? name.replace(/:\d+$/, "") : name);
}
