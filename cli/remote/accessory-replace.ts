/**
 * An accessory's container that gives way to a new one, and its files as they were: kept under another name until the new one is
 * healthy, so that they can come back. An accessory and 16 hex digits in, lines out.
 */
import { posix } from "node:path";
import type { Accessory } from "../config/config.ts";
import { fileOnHost } from "./accessory.ts";
import { joined, program, word } from "./conventions.ts";

/** Prints the names of all its containers, in any state, kept ones included. For `keptIn`. */
export function listContainers({ service }: Accessory): string {
  return `docker ps -a --filter label=service=${word(service)} --format '{{.Names}}'`;
}

/** Hex digits of the containers that were kept, and whether the accessory's own is there. */
export function keptIn(
  { service }: Accessory,
  stdout: string,
): { readonly own: boolean; readonly kept: readonly string[] } {
  const names = stdout.split("\n").map((line) => line.trim());
  const prefix = `${service}_replaced_`;
  return {
    own: names.includes(service),
    kept: names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)),
  };
}

export function keepContainer({ service }: Accessory, hex: string): string {
  return `docker rename ${word(service)} ${word(keptName(service, hex))}`;
}

export function bringBackContainer({ service }: Accessory, hex: string): string {
  return `docker rename ${word(keptName(service, hex))} ${word(service)}`;
}

export function dropKeptContainer({ service }: Accessory, hex: string): string {
  return `docker container rm --force ${word(keptName(service, hex))}`;
}

/** The container of its own name, running or not; kept ones stay. */
export function removeOwnContainer({ service }: Accessory): string {
  return `docker container rm --force ${word(service)}`;
}

/** One line for each file; a file that is not there yet needs no copy. */
export function keepFiles(accessory: Accessory, hex: string): string[] {
  return paths(accessory, hex).map(({ path, copy }) =>
    joined(`if test -e ${path} ; then`, `mkdir -p ${word(posix.dirname(copy))} && cp -a ${path} ${word(copy)} ; fi`),
  );
}

export function bringBackFiles(accessory: Accessory, hex: string): string[] {
  return paths(accessory, hex).map(({ path, copy }) =>
    joined(`if test -e ${word(copy)} ; then`, `rm -rf ${path} && mv ${word(copy)} ${path} ; fi`),
  );
}

export function dropKeptFiles({ service }: Accessory, hex: string): string {
  return program("rm -rf", word(keptName(service, hex)));
}

/** Of container and directory. */
function keptName(service: string, hex: string): string {
  return `${service}_replaced_${hex}`;
}

function paths(accessory: Accessory, hex: string): { readonly path: string; readonly copy: string }[] {
  const { service } = accessory;
  return accessory.files.map((mount) => {
    const path = fileOnHost(accessory, mount);
    return { path: word(path), copy: posix.join(keptName(service, hex), posix.relative(service, path)) };
  });
}
