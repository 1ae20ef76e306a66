/** Questions about one container or image by its name, and the line that removes a container. */
import type { Config, Role } from "../config/config.ts";
import { absoluteImage } from "../config/names.ts";
import { word } from "./conventions.ts";
import { appFilters } from "./docker.ts";

/** Running or not. */
export function removeContainer(name: string): string {
  return `docker container rm --force ${word(name)}`;
}

/** The last lines, both streams. */
export function lastLogLines(name: string, lines: number): string {
  return `docker logs --tail ${lines} ${word(name)} 2>&1`;
}

/** Prints an id or nothing. */
export function imageId(config: Config, version: string): string {
  return `docker image ls --quiet ${word(absoluteImage(config, version))}`;
}

/** Prints the short id of a container that runs, by which proxies know it. */
export function runningId(name: string): string {
  return `docker inspect --type container --format '{{if .State.Running}}{{slice .Id 0 12}}{{end}}' ${word(name)}`;
}

/** Fails where there is no Docker, where it does not run, and for users who may not use it. */
export function dockerVersion(): string {
  return "docker version --format '{{.Server.Version}}'";
}

/** Prints containers of the image tagged latest, in any state, the newest first. For `parseContainers`. */
export function containersOfLatest(config: Config, role: Role): string {
  const image = `$(docker image ls --filter reference=${absoluteImage(config, config.latestTag)} --format '{{.ID}}')`;
  return `docker container ls --all ${appFilters(config, role)} --filter ancestor=${image} --format '{{.ID}} {{.State}} {{.Names}}'`;
}
