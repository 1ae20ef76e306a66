/** Names of images, containers and files that follow from a configuration. Source: cli-docker-commands §2. */
import type { Accessory, Config, Role } from "./config.ts";

export const PROXY_CONTAINER = "kamal-proxy";
export const NETWORK = "kamal";
export const LOCAL_REGISTRY_CONTAINER = "kamal-docker-registry";
/** Characters of a host's name that fit into a container's hostname beside a dash and twelve hex digits. */
const MAX_HOST_PART = 51;

type Named = Pick<Config, "service" | "destination">;

/** `repository:version`. */
export function absoluteImage(config: Pick<Config, "repository">, version: string): string {
  return `${config.repository}:${version}`;
}

/** `service-role[-destination]`: also the name of the service in the proxy. */
export function containerPrefix(config: Named, role: Pick<Role, "name">): string {
  return [config.service, role.name, config.destination].filter((part) => part !== undefined).join("-");
}

export function containerName(config: Named, role: Pick<Role, "name">, version: string): string {
  return `${containerPrefix(config, role)}-${version}`;
}

/** A container that gives way to another one of the same version. `hex` is 16 hex digits. */
export function replacedContainerName(config: Named, role: Pick<Role, "name">, version: string, hex: string): string {
  return `${containerName(config, role, version)}_replaced_${hex}`;
}

/** `hex` is 6 hex digits. */
export function execContainerName(config: Named, role: Pick<Role, "name">, version: string, hex: string): string {
  return `${containerPrefix(config, role)}-exec-${version}-${hex}`;
}

export function assetContainerName(config: Named, role: Pick<Role, "name">): string {
  return `${containerPrefix(config, role)}-assets`;
}

/** The hostname inside an app container. `hex` is 12 hex digits. */
export function containerHostname(host: string, hex: string): string {
  return `${host.slice(0, MAX_HOST_PART).replace(/\.+$/, "")}-${hex}`;
}

export function lockDirectory(config: Pick<Config, "appId">): string {
  return `.kamal/lock-${config.appId}`;
}

export function auditLog(config: Pick<Config, "appId">): string {
  return `.kamal/${config.appId}-audit.log`;
}

export function appDirectory(config: Pick<Config, "appId">): string {
  return `.kamal/apps/${config.appId}`;
}

export function roleEnvFile(config: Pick<Config, "appId">, role: Pick<Role, "name">): string {
  return `${appDirectory(config)}/env/roles/${role.name}.env`;
}

export function accessoryEnvFile(config: Pick<Config, "appId">, accessory: Pick<Accessory, "name">): string {
  return `${appDirectory(config)}/env/accessories/${accessory.name}.env`;
}

/** Below the directory that the proxy's container sees as `/home/kamal-proxy/.apps-config`. */
export function proxyAppDirectory(config: Pick<Config, "appId">): string {
  return `.kamal/proxy/apps-config/${config.appId}`;
}
