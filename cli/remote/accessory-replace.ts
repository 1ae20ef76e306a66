/**
 * An accessory's container that gives way to a new one, and its files and variables as they were: kept under another name until the
 * new one is healthy, so that they can come back. An accessory and 16 hex digits in, lines out.
 */
import { createHash } from "node:crypto";
import { posix } from "node:path";
import type { Accessory, Config } from "../config/config.ts";
import { accessoryEnvFile } from "../config/names.ts";
import { fileOnHost } from "./accessory.ts";
import { joined, program, word } from "./conventions.ts";

const COPY_NAME_LENGTH = 16;

/** Prints the names of all its containers, in any state, and of the directories with what was kept. For `keptIn`. */
export function listContainers({ service }: Accessory): string {
  const containers = `docker ps -a --filter label=service=${word(service)} --format '{{.Names}}'`;
  return `${containers} && (ls -d ${word(service)}_replaced_*/ 2> /dev/null || true)`;
}

/** Hex digits of the containers and of the files that were kept, and whether the accessory's own container is there. */
export function keptIn(
  { service }: Accessory,
  stdout: string,
): { readonly own: boolean; readonly kept: readonly string[]; readonly files: readonly string[] } {
  const names = stdout.split("\n").map((line) => line.trim());
  const prefix = `${service}_replaced_`;
  const ofKept = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return {
    own: names.includes(service),
    kept: ofKept.filter((hex) => !hex.endsWith("/")),
    files: ofKept.filter((hex) => hex.endsWith("/")).map((hex) => hex.slice(0, -1)),
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

/**
 * Files and variables. The first line makes the directory, which says that a replacement has begun; then one for each that is there.
 * A copy has its name when it is whole: half of one never comes back.
 */
export function keepFiles(config: Config, accessory: Accessory, hex: string): string[] {
  const directory = program("mkdir -p -m 700", word(keptName(accessory.service, hex)));
  const copies = paths(config, accessory, hex).map(({ path, copy }) =>
    joined(`if test -e ${path} ; then`, `cp -a ${path} ${copy}.part && mv ${copy}.part ${copy} ; fi`),
  );
  return [directory, ...copies];
}

export function bringBackFiles(config: Config, accessory: Accessory, hex: string): string[] {
  return paths(config, accessory, hex).map(({ path, copy }) =>
    joined(`if test -e ${copy} ; then`, `rm -rf ${path} && mv ${copy} ${path} ; fi`),
  );
}

export function dropKeptFiles({ service }: Accessory, hex: string): string {
  return program("rm -rf", word(keptName(service, hex)));
}

/** Of all replacements that were interrupted: there are secrets in it. */
export function dropAllKeptFiles({ service }: Accessory): string {
  return program("rm -rf", `${word(service)}_replaced_*`);
}

/** Of container and directory. */
function keptName(service: string, hex: string): string {
  return `${service}_replaced_${hex}`;
}

/** One may lie in another, so copies lie side by side. */
function paths(config: Config, accessory: Accessory, hex: string): { readonly path: string; readonly copy: string }[] {
  const all = [...accessory.files.map((mount) => fileOnHost(accessory, mount)), accessoryEnvFile(config, accessory)];
  return all.map((path) => {
    const name = createHash("sha256").update(path).digest("hex").slice(0, COPY_NAME_LENGTH);
    return { path: word(path), copy: word(posix.join(keptName(accessory.service, hex), name)) };
  });
}
