/** The proxy's container: start, replace, look at and remove it. Source: cli-docker-commands §4. */
import type { ProxyRun } from "../config/config.ts";
import { NETWORK, PROXY_CONTAINER } from "../config/names.ts";
import { joined, program, word } from "./conventions.ts";
import { nameFilter, optionFlags } from "./docker.ts";
import { filtered, followFlag, type LogOptions, rangeFlags, timestampsFlag } from "./logs.ts";
import { imageFromBootFiles, showBootFiles } from "./proxy-boot-files.ts";
import { proxyImage } from "./proxy-image.ts";
import { quoteLive } from "./shell.ts";

/** What apps have for the proxy: on the server, and where its container sees the same. */
export const APPS_CONFIG = ".kamal/proxy/apps-config";
export const PROXY_APPS_CONFIG = "/home/kamal-proxy/.apps-config";

const CONTAINER =
  `--name ${PROXY_CONTAINER} --network ${NETWORK} --detach --restart unless-stopped ` +
  `--volume kamal-proxy-config:/home/kamal-proxy/.config/kamal-proxy --volume $PWD/${APPS_CONFIG}:${PROXY_APPS_CONFIG}`;
const IMAGE_LABEL = "--filter label=org.opencontainers.image.title=kamal-proxy";
const TRAEFIK_LABEL = "--filter label=org.opencontainers.image.title=Traefik";

/** Fails when there is one already: see `networkExists`. */
export function createNetwork(): string {
  return `docker network create ${NETWORK}`;
}

export function networkExists(stderr: string): boolean {
  return stderr.includes("already exists");
}

export function makeAppsConfigDirectory(): string {
  return program("mkdir -p", APPS_CONFIG);
}

/** Starts the proxy that is there, or a new one. */
export function boot(run: ProxyRun | undefined): string {
  return `docker container start ${PROXY_CONTAINER} || ${start(run)}`;
}

/** A new container. Without `run` it is as the original's boot files on the server say. */
export function start(run: ProxyRun | undefined): string {
  if (run === undefined) return joined(showBootFiles(), "| xargs docker run", CONTAINER);
  return joined(
    `docker run ${CONTAINER}`,
    publishFlags(run),
    logAndMetricsFlags(run),
    optionFlags(run.options),
    word(proxyImage(run)),
    "kamal-proxy run",
    programWords(run),
  );
}

/** The flags of the proxy's own program for a shell. The original writes its one flag with a value in two words. */
export function programWords(run: Parameters<typeof runFlags>[0]): string[] {
  return runFlags(run).map(([flag, value]) => {
    if (value === undefined) return flag;
    return `${flag}${flag === "--metrics-port" ? " " : "="}${quoteLive(value)}`;
  });
}

/** Flags of `docker run`. */
export function logAndMetricsFlags({
  logMaxSize,
  metricsPort,
}: Pick<ProxyRun, "logMaxSize" | "metricsPort">): string[] {
  return [
    ...(logMaxSize === "" ? [] : [`--log-opt max-size=${word(logMaxSize)}`]),
    ...(metricsPort === undefined ? [] : [`--expose=${metricsPort}`]),
  ];
}

/** What the proxy's own program is told: flags with their values, those of the original first. */
export function runFlags(
  run: Pick<
    ProxyRun,
    "accessLog" | "acmePeers" | "bind" | "debug" | "metricsBind" | "metricsPort" | "proxyProtocol" | "trustedProxies"
  >,
): (readonly [flag: `--${string}`, value?: string])[] {
  return [
    ...(run.debug ? [["--debug"] as const] : []),
    ...(run.metricsPort === undefined ? [] : [["--metrics-port", String(run.metricsPort)] as const]),
    ...run.trustedProxies.map((range) => ["--trusted-proxy", range] as const),
    ...(run.proxyProtocol ? [["--proxy-protocol"] as const] : []),
    ...(run.bind === undefined ? [] : [["--bind", run.bind] as const]),
    ...(run.metricsBind === undefined ? [] : [["--metrics-bind", run.metricsBind] as const]),
    ...(run.accessLog ? [] : [["--access-log", "false"] as const]),
    ...run.acmePeers.map((peer) => ["--acme-peer", peer] as const),
  ];
}

/** The image that `start` needs. Fails when it can neither be fetched nor is there already. */
export function pullImage(run: ProxyRun | undefined): string {
  if (run !== undefined) {
    const image = word(proxyImage(run));
    return `docker pull ${image} || docker image inspect ${image} > /dev/null`;
  }
  const image = program(`echo ${imageFromBootFiles()}`);
  return `${image} | xargs docker pull || ${image} | xargs docker image inspect > /dev/null`;
}

export function startContainer(): string {
  return `docker container start ${PROXY_CONTAINER}`;
}

export function stopContainer(): string {
  return `docker container stop ${PROXY_CONTAINER}`;
}

/** The proxy gives way to a new one, and can come back under its own name. `hex` is 16 hex digits. */
export function setAside(hex: string): string {
  return `docker rename ${PROXY_CONTAINER} ${PROXY_CONTAINER}_replaced_${hex}`;
}

/** Undoes `setAside` and a `start` that went wrong: the proxy from before runs again. */
export function bringBack(hex: string): string {
  const replaced = `${PROXY_CONTAINER}_replaced_${hex}`;
  return (
    `docker container inspect ${replaced} > /dev/null && ` +
    `{ docker container rm --force ${PROXY_CONTAINER} 2> /dev/null || true; } && ` +
    `docker rename ${replaced} ${PROXY_CONTAINER} && docker container start ${PROXY_CONTAINER}`
  );
}

/** Fails until the proxy's program takes commands. */
export function isUp(): string {
  return `docker exec ${PROXY_CONTAINER} kamal-proxy list`;
}

/** The last lines, both streams. */
export function lastLogLines(lines: number): string {
  return `docker logs --tail ${lines} ${PROXY_CONTAINER} 2>&1`;
}

export function details(): string {
  return `docker ps ${nameFilter(PROXY_CONTAINER)}`;
}

export function logs(options: LogOptions): string {
  const { follow = false } = options;
  const range = rangeFlags(options);
  // The order of the flags is the original's, which differs when it follows.
  return follow
    ? joined(`docker logs ${PROXY_CONTAINER}`, timestampsFlag(options), range, followFlag(options), filtered(options))
    : joined(`docker logs ${PROXY_CONTAINER}`, range, timestampsFlag(options), filtered(options));
}

export function removeContainer(): string {
  return `docker container prune --force ${IMAGE_LABEL}`;
}

export function removeImage(): string {
  return `docker image prune --all --force ${IMAGE_LABEL}`;
}

/** Prints how many apps have something on the server. */
export function countApps(): string {
  return program("ls .kamal/apps | wc -l");
}

export function removeDirectory(): string {
  return program("rm -r .kamal/proxy");
}

/** Prints an id or nothing. */
export function isTraefikRunning(): string {
  return `docker ps ${nameFilter("traefik")} --quiet`;
}

export function startTraefik(): string {
  return "docker container start traefik";
}

/** What Kamal 1 left behind, in two lines; errors of the first do not matter. */
export function removeTraefik(): readonly [string, string] {
  const [containers, images] = ["docker container prune --force", "docker image prune --all --force"];
  return ["docker container stop traefik", `${containers} ${TRAEFIK_LABEL} && ${images} ${TRAEFIK_LABEL}`];
}

/** Ports of the server that lead to the proxy; `address` is empty for all of them. */
export function publishedPorts(
  run: Pick<ProxyRun, "bindIps" | "httpPort" | "httpsPort" | "publish">,
): { readonly address: string; readonly port: number; readonly inside: "80" | "443" }[] {
  if (!run.publish) return [];
  return (run.bindIps.length === 0 ? [""] : run.bindIps).flatMap((address) => [
    { address, port: run.httpPort, inside: "80" } as const,
    { address, port: run.httpsPort, inside: "443" } as const,
  ]);
}

export function publishFlags(run: Parameters<typeof publishedPorts>[0]): string[] {
  return publishedPorts(run).map(({ address, port, inside }) => {
    const before = address === "" ? "" : `${address.includes(":") ? `[${address}]` : address}:`;
    return `--publish ${word(`${before}${port}:${inside}`)}`;
  });
}
