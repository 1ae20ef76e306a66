/** App containers: start, stop, rename and find them. Configuration, role and version in, command lines out. Source: cli-docker-commands §3. */
import type { Config, Role, RoleHost } from "../config/config.ts";
import {
  absoluteImage,
  appDirectory,
  containerName,
  containerPrefix,
  NETWORK,
  proxyAppDirectory,
  roleEnvFile,
} from "../config/names.ts";
import { assetVolumes } from "./app-assets.ts";
import { joined, program, word } from "./conventions.ts";
import {
  appFilters,
  appLabels,
  containerCommand,
  containerId,
  envFlags,
  logFlags,
  optionFlags,
  volumeFlags,
} from "./docker.ts";
import { envFileFlag, withEnvFile } from "./env-file.ts";
import { quote, quoteLive } from "./shell.ts";

const RUNNING = "--filter status=running --filter status=restarting";
const NAMES = "--format '{{.Names}}'";

export type AppRun = {
  readonly version: string;
  readonly host: RoleHost;
  /** Inside the container: `containerHostname`. */
  readonly hostname?: string;
  /** Whether the env file that was written has values for the shell: see `env-file.ts`. */
  readonly exported: boolean;
};

/** Before the env file is uploaded. */
export function makeEnvDirectory(config: Config): string {
  return program("mkdir -p", `${appDirectory(config)}/env/roles`);
}

export function run(config: Config, role: Role, { version, host, hostname, exported }: AppRun): string {
  const name = containerName(config, role, version);
  const file = { path: roleEnvFile(config, role), exported };
  const line = joined(
    `docker run --detach --restart ${role.restart} --name ${word(name)} --network ${NETWORK}`,
    hostname === undefined ? undefined : `--hostname ${word(hostname)}`,
    `--env KAMAL_CONTAINER_NAME=${quoteLive(name)} --env KAMAL_VERSION=${quoteLive(version)}`,
    `--env KAMAL_HOST=${quoteLive(host.name)}`,
    config.destination === undefined ? undefined : `--env KAMAL_DESTINATION=${quoteLive(config.destination)}`,
    envFlags(host.env.clear),
    envFileFlag(file),
    logFlags(role.logging),
    volumeFlags(config.volumes),
    assetVolumes(config, role, version),
    appLabels(config, role),
    optionFlags(role.options),
    word(absoluteImage(config, version)),
    containerCommand(role.cmd),
  );
  return withEnvFile(file, line);
}

export function start(config: Config, role: Role, version: string): string {
  return `docker start ${word(containerName(config, role, version))}`;
}

/** Of one version; without one, of what runs now. Errors are the caller's to ignore: nothing may be left to stop. */
export function stop(config: Config, role: Role, version?: string): string {
  const id = version === undefined ? currentContainerId(config, role) : containerIdOfVersion(config, role, version);
  return joined(`${id} | xargs docker stop`, stopTimeout(role));
}

/** A container by its id or name, also one that is no version's any more. */
export function stopContainer(role: Role, idOrName: string): string {
  return joined("docker stop", stopTimeout(role), word(idOrName));
}

export function rename(from: string, to: string): string {
  return `docker rename ${word(from)} ${word(to)}`;
}

export function remove(config: Config, role: Role, version: string): string {
  return `${containerIdOfVersion(config, role, version)} | xargs docker container rm`;
}

/** Stopped containers of the role. */
export function removeStopped(config: Config, role: Role): string {
  return `docker container prune --force ${appFilters(config, role)}`;
}

export function removeImages(config: Config): string {
  return `docker image prune --all --force --filter label=service=${config.service}`;
}

export function removeAppDirectory(config: Config): string {
  return program("rm -r", appDirectory(config));
}

export function removeProxyAppDirectory(config: Config): string {
  return program("rm -r", proxyAppDirectory(config));
}

/** Prints an id or nothing; also the precondition of a rollback. */
export function containerIdOfVersion(config: Config, role: Role, version: string): string {
  return containerId(containerName(config, role, version));
}

/** Prints the id of the container of the image tagged latest, else of the newest one that runs, else nothing. */
export function currentContainerId(config: Config, role: Role): string {
  return currentContainer(config, role, "--quiet");
}

/** Prints the version that runs, or nothing. */
export function currentVersion(config: Config, role: Role): string {
  return `${currentContainer(config, role, NAMES)} | ${withoutPrefix(config, role)}`;
}

/** Prints every version that runs, one on a line. */
export function runningVersions(config: Config, role: Role): string {
  return `docker ps ${appFilters(config, role)} --format "{{.Names}}" | ${withoutPrefix(config, role)}`;
}

export function details(config: Config, role: Role): string {
  return `docker ps ${appFilters(config, role)}`;
}

/** In all states, of all roles. */
export function containers(config: Config): string {
  return `docker container ls --all ${appFilters(config)}`;
}

function currentContainer(config: Config, role: Role, print: string): string {
  const running = `docker ps --latest ${print} ${appFilters(config, role)} ${RUNNING}`;
  const latest = absoluteImage(config, config.latestTag);
  const id = `$(docker image ls --filter reference=${latest} --format '{{.ID}}')`;
  return program("sh -c", quote(`${running} --filter ancestor=${id} ; ${running}`), "| head -1");
}

function withoutPrefix(config: Config, role: Role): string {
  return `while read line; do echo \${line#${containerPrefix(config, role)}-}; done`;
}

function stopTimeout(role: Role): string | undefined {
  return role.stopTimeoutSeconds === undefined ? undefined : `-t ${role.stopTimeoutSeconds}`;
}
