/** The proxy's container: start, replace, look at and remove it. Source: cli-docker-commands §4. */
import type { ProxyRun } from "../config/config.ts";
import { NETWORK, PROXY_CONTAINER } from "../config/names.ts";
import { joined, program, word } from "./conventions.ts";
import { nameFilter, optionFlags, proxyFlag } from "./docker.ts";
import { filtered, followFlag, type LogOptions, rangeFlags, timestampsFlag } from "./logs.ts";
import { ORIGINAL_PROXY_IMAGE, PROXY_IMAGE, proxyImage } from "./proxy-image.ts";

/** What apps have for the proxy: on the server, and where its container sees the same. */
export const APPS_CONFIG = ".kamal/proxy/apps-config";
export const PROXY_APPS_CONFIG = "/home/kamal-proxy/.apps-config";
/** What `proxy boot_config` of the original left on a server. */
const BOOT_FILES = ".kamal/proxy";

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

/** Prints the image's name; fails when there is no proxy. For `isTooOld`. */
export function runningImage(): string {
  return `docker inspect ${PROXY_CONTAINER} --format '{{.Config.Image}}'`;
}

/** Starts the proxy that is there, or a new one. */
export function boot(run: ProxyRun | undefined): string {
  return `docker container start ${PROXY_CONTAINER} || ${start(run)}`;
}

/** A new container. Without `run` it is as the original's boot files on the server say. */
export function start(run: ProxyRun | undefined): string {
  if (run === undefined) return startFromBootFiles();
  return joined(
    `docker run ${CONTAINER}`,
    publishFlags(run),
    run.logMaxSize === "" ? undefined : `--log-opt max-size=${word(run.logMaxSize)}`,
    run.metricsPort === undefined ? undefined : `--expose=${run.metricsPort}`,
    optionFlags(run.options),
    word(proxyImage(run)),
    "kamal-proxy run",
    proxyFlag("debug", run.debug ? true : undefined),
    run.metricsPort === undefined ? undefined : `--metrics-port "${run.metricsPort}"`,
    proxyFlag("trusted-proxy", run.trustedProxies),
    proxyFlag("proxy-protocol", run.proxyProtocol ? true : undefined),
    proxyFlag("bind", run.bind),
  );
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

/** What Kamal 1 left behind, in two lines; errors of the first do not matter. */
export function removeTraefik(): readonly [string, string] {
  const [containers, images] = ["docker container prune --force", "docker image prune --all --force"];
  return ["docker container stop traefik", `${containers} ${TRAEFIK_LABEL} && ${images} ${TRAEFIK_LABEL}`];
}

function publishFlags(run: ProxyRun): string[] {
  if (!run.publish) return [];
  const addresses =
    run.bindIps.length === 0 ? [""] : run.bindIps.map((ip) => (ip.includes(":") ? `[${ip}]:` : `${ip}:`));
  return addresses.flatMap((address) => [
    `--publish ${word(`${address}${run.httpPort}:80`)}`,
    `--publish ${word(`${address}${run.httpsPort}:443`)}`,
  ]);
}

/** Prints options, image and command of a proxy without `run`, as the original's boot files or their defaults say. */
export function showBootFiles(): string {
  const publish = 'echo "--publish 80:80 --publish 443:443 --log-opt max-size=10m"';
  return program(`echo ${bootFile("options", publish)} ${imageFromBootFiles()} ${bootFile("run_command", 'echo ""')}`);
}

/** The defaults count again. */
export function removeBootFiles(): string {
  const files = ["options", "image", "image_version", "run_command"].map((name) => `${BOOT_FILES}/${name}`);
  return program("rm -f", files);
}

function startFromBootFiles(): string {
  return joined(showBootFiles(), "| xargs docker run", CONTAINER);
}

function bootFile(name: string, otherwise: string): string {
  return `$(cat ${BOOT_FILES}/${name} 2> /dev/null || ${otherwise})`;
}

function imageFromBootFiles(): string {
  // Only the version was set: that one was the original's.
  const original = `{ test -f ${BOOT_FILES}/image_version && echo "${ORIGINAL_PROXY_IMAGE.repository}"; }`;
  const image = bootFile("image", `${original} || echo "${PROXY_IMAGE.repository}"`);
  // Only the repository was set: the original's default version belongs to it.
  const ownTag = `echo "${PROXY_IMAGE.tag}"`;
  const version = bootFile(
    "image_version",
    `{ test -f ${BOOT_FILES}/image && echo "${ORIGINAL_PROXY_IMAGE.tag}"; } || ${ownTag}`,
  );
  return `${image}:${version}`;
}
