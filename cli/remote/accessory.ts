/** Accessories: containers beside the app, with their files. An accessory in, lines out. Source: cli-docker-commands §6. */
import { posix } from "node:path";
import type { Accessory, Config, Mount } from "../config/config.ts";
import { accessoryEnvFile, appDirectory } from "../config/names.ts";
import { type ExecOptions, interactiveFlag } from "./app-exec.ts";
import { joined, liveWord, program, word } from "./conventions.ts";
import { containerCommand, envFlags, keyValueFlags, logFlags, nameFilter, optionFlags, volumeFlags } from "./docker.ts";
import { envFileFlag, withEnvFile } from "./env-file.ts";
import { filtered, followFlag, type LogOptions, rangeFlags, timestampsFlag } from "./logs.ts";
import { quoteLive } from "./shell.ts";

const FILE_MODE = "755";

export function run(config: Config, accessory: Accessory, host: string, exported: boolean): string {
  const { service } = accessory;
  const { service: _reserved, ...labels } = accessory.labels;
  const file = { path: accessoryEnvFile(config, accessory), exported };
  const line = joined(
    `docker run --name ${word(service)} --detach --restart ${accessory.restart} --network ${word(accessory.network)}`,
    logFlags(config.logging),
    accessory.publish === undefined ? undefined : `--publish ${word(accessory.publish)}`,
    `--env KAMAL_HOST=${quoteLive(host)}`,
    envFlags(accessory.env.clear),
    envFileFlag(file),
    mounts(accessory),
    keyValueFlags("--label", { service, ...labels }),
    optionFlags(accessory.options),
    word(accessory.image),
    containerCommand(accessory.cmd),
  );
  return withEnvFile(file, line);
}

export function makeEnvDirectory(config: Config): string {
  return program("mkdir -p", `${appDirectory(config)}/env/accessories`);
}

/** Prints ids; something when there is a container in any state. */
export function exists({ service }: Accessory): string {
  return `docker ps -a -q --filter label=service=${word(service)}`;
}

export function start({ service }: Accessory): string {
  return `docker container start ${word(service)}`;
}

export function stop({ service }: Accessory): string {
  return `docker container stop ${word(service)}`;
}

export function pullImage({ image }: Accessory): string {
  return `docker image pull ${word(image)}`;
}

/** Prints an id or nothing. */
export function imageId({ image }: Accessory): string {
  return `docker image ls --quiet ${word(image)}`;
}

export function details({ service }: Accessory): string {
  return `docker ps --filter label=service=${word(service)}`;
}

export function removeContainer({ service }: Accessory): string {
  return `docker container prune --force --filter label=service=${word(service)}`;
}

export function removeImage({ image }: Accessory): string {
  return `docker image rm --force ${word(image)}`;
}

/** With everything the accessory has put there. */
export function removeServiceDirectory({ service }: Accessory): string {
  return program("rm -rf", word(service));
}

export function removeEnvFile(config: Config, accessory: Accessory): string {
  return program("rm -f", word(accessoryEnvFile(config, accessory)));
}

/** Prints the id when it runs: the proxy's target. */
export function runningContainerId({ service }: Accessory): string {
  return `docker container ls ${nameFilter(service)} --quiet`;
}

export function execInRunning({ service }: Accessory, options: Pick<ExecOptions, "command" | "interactive">): string {
  return joined("docker exec", interactiveFlag(options.interactive), word(service), options.command);
}

export function execInNew(
  config: Config,
  accessory: Accessory,
  options: Pick<ExecOptions, "command" | "interactive">,
): string {
  const exported = accessory.env.secrets.length === 0 ? false : "unknown";
  const file = { path: accessoryEnvFile(config, accessory), exported } as const;
  const line = joined(
    "docker run",
    interactiveFlag(options.interactive),
    `--rm --network ${word(accessory.network)}`,
    envFlags(accessory.env.clear),
    envFileFlag(file),
    mounts(accessory),
    optionFlags(accessory.options),
    word(accessory.image),
    options.command,
  );
  return withEnvFile(file, line);
}

/** The flags' order is the original's; following, it differs. */
export function logs({ service }: Accessory, options: LogOptions): string {
  const range = rangeFlags(options);
  return options.follow === true
    ? joined(`docker logs ${word(service)}`, timestampsFlag(options), range, followFlag(options), filtered(options))
    : joined(`docker logs ${word(service)}`, range, timestampsFlag(options), filtered(options));
}

/** Three lines at most for each directory: make it, then its mode and owner. */
export function makeDirectories(accessory: Accessory): string[] {
  return accessory.directories.flatMap((mount) => {
    const path = liveWord(directoryOnHost(accessory, mount));
    return [program("mkdir -p", path), ...modeAndOwner(mount, path)];
  });
}

export type AccessoryFile = {
  readonly local: string;
  readonly remote: string;
  /** Before and after the upload. */
  readonly before: string;
  readonly after: readonly string[];
};

export function files(accessory: Accessory): AccessoryFile[] {
  return accessory.files.map((mount) => {
    const remote = fileOnHost(accessory, mount);
    return {
      local: mount.local,
      remote,
      before: program("mkdir -p", word(posix.dirname(remote))),
      after: modeAndOwner({ ...mount, mode: mount.mode ?? FILE_MODE }, word(remote)),
    };
  });
}

/** The same for a local directory with these directories in it: all are made first, and mode and owner are of what is in them. */
export function directoryOfFiles(
  accessory: Accessory,
  mount: Mount,
  inside: readonly string[],
): Pick<AccessoryFile, "before" | "after"> {
  const top = fileOnHost(accessory, mount);
  const { mode, owner } = mount;
  return {
    before: program("mkdir -p", [top, ...inside.map((directory) => posix.join(top, directory))].map(word)),
    after: [
      ...(mode === undefined ? [] : [program("find", word(top), "-type f -exec chmod", word(mode), "{} +")]),
      ...(owner === undefined ? [] : [program("chown -R", word(owner), word(top))]),
    ],
  };
}

function modeAndOwner({ mode, owner }: Mount, path: string): string[] {
  return [
    ...(mode === undefined ? [] : [program("chmod", word(mode), path)]),
    ...(owner === undefined ? [] : [program("chown", word(owner), path)]),
  ];
}

function mounts(accessory: Accessory): string[] {
  const mounted = (source: string, { remote, options }: Mount) =>
    `${source}:${remote}${options === undefined ? "" : `:${options}`}`;
  return volumeFlags([
    ...accessory.volumes,
    ...accessory.files.map((mount) => mounted(`$PWD/${fileOnHost(accessory, mount)}`, mount)),
    ...accessory.directories.map((mount) => mounted(directoryOnHost(accessory, mount), mount)),
  ]);
}

/** Files lie below the accessory's directory under the path they have in the container. */
export function fileOnHost({ service }: Accessory, { remote }: Mount): string {
  return posix.join(service, remote);
}

function directoryOnHost({ service }: Accessory, { local }: Mount): string {
  return local.startsWith("/") ? local : `$PWD/${posix.join(service, local)}`;
}
