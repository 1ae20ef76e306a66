/**
 * Old containers and images of an app: lines that list and remove them, and the choice between the two. Source: cli-docker-commands §10.
 *
 * The original keeps the newest N stopped containers of a service, whatever role and destination they are of, and counts those that gave
 * way to another one of their own version. Here N versions are kept of each role and destination, so that what a rollback needs stays.
 */
import type { Config, Role } from "../config/config.ts";
import { containerPrefix } from "../config/names.ts";
import { word } from "./conventions.ts";
import { appFilters } from "./docker.ts";

const REPLACED = /_replaced_[0-9a-f]+$/;
const STOPPED: ReadonlySet<string> = new Set(["created", "exited", "dead"]);

export type ListedContainer = { readonly id: string; readonly state: string; readonly name: string };

/** Prints a role's containers, the newest first. For `parseContainers`. */
export function listContainers(config: Config, role: Role): string {
  return `docker container ls --all ${appFilters(config, role)} --format '{{.ID}} {{.State}} {{.Names}}'`;
}

export function parseContainers(stdout: string): ListedContainer[] {
  return stdout.split("\n").flatMap((line) => {
    const [id, state, name] = line.trim().split(" ");
    return id === undefined || state === undefined || name === undefined ? [] : [{ id, state, name }];
  });
}

/**
 * Those that may go, of a role's containers with the newest first: stopped, and of none of the `retain` newest stopped versions nor of a
 * version to be kept. Of one version, a container that was replaced goes before the one that replaced it.
 */
export function containersToRemove(
  config: Config,
  role: Role,
  containers: readonly ListedContainer[],
  { retain, keepVersions = [] }: { retain: number; keepVersions?: readonly string[] },
): string[] {
  const prefix = `${containerPrefix(config, role)}-`;
  const versionOf = (name: string) => name.replace(REPLACED, "").slice(prefix.length);
  const own = containers.filter(({ name }) => name.startsWith(prefix));
  const present = new Set(own.filter(({ name }) => !REPLACED.test(name)).map(({ name }) => versionOf(name)));
  const kept = new Set<string>();
  const removable: string[] = [];
  for (const { id, state, name } of own) {
    if (!STOPPED.has(state)) continue;
    const version = versionOf(name);
    const superseded = REPLACED.test(name) && (present.has(version) || kept.has(version));
    if (superseded) removable.push(id);
    else if (keepVersions.includes(version)) continue;
    else if (kept.size < retain) kept.add(version);
    else removable.push(id);
  }
  return removable;
}

/** One after the other: a container that is gone already does not keep the others. */
export function removeContainers(ids: readonly string[]): string {
  return `for id in ${ids.map(word).join(" ")}; do docker rm $id; done`;
}

/** Layers without a name. */
export function removeDanglingImages(config: Config): string {
  return `docker image prune --force --filter label=service=${config.service}`;
}

/** Images that no container has, running or stopped, of any destination; the ones tagged latest, of all destinations, stay. */
export function removeUnusedImages(config: Config): string {
  const service = `--filter label=service=${config.service}`;
  const used = `$(docker container ls -a --format '{{.Image}}\\|' ${service} | tr -d '\\n')`;
  const kept = `${used}${config.repository}:latest\\|${config.repository}:<none>`;
  return [
    `docker image ls ${service} --format '{{.ID}} {{.Repository}}:{{.Tag}}'`,
    `grep -v -w "${kept}"`,
    "while read image tag; do docker rmi $tag; done",
  ].join(" | ");
}
