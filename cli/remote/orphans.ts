/** What is left of something that the configuration does not have any more: names and paths in, the lines that remove it out. */
import { program, word } from "./conventions.ts";

/** Those that do not run stay as they are. */
export function stopContainers(names: readonly string[], seconds: number): string {
  return `docker stop -t ${seconds} ${names.map(word).join(" ")}`;
}

/** Of an accessory: its data may be in an anonymous volume, so these stay too. */
export function removeKeepingVolumes(names: readonly string[]): string {
  return `docker container rm --force ${names.map(word).join(" ")}`;
}

/** With their anonymous volumes; named ones stay. */
export function removeContainers(names: readonly string[]): string {
  return `docker container rm --force --volumes ${names.map(word).join(" ")}`;
}

/** Of an accessory: those that an interrupted replacement has kept stay under a name of their own. */
export function accessoryContainers(service: string): string {
  return `docker ps --all --filter label=service=${word(service)} --format '{{.Names}}'`;
}

/** Files and directories of the app; they need not be there. */
export function removeFiles(paths: readonly string[]): string {
  return program("rm -rf", paths.map(word));
}
