/** Assets of two versions side by side, so that pages of the old one find theirs: a role and its versions in, lines out. Source: cli-docker-commands §5. */
import type { Config, Role } from "../config/config.ts";
import { absoluteImage, appDirectory, assetContainerName } from "../config/names.ts";
import { liveWord, program, word } from "./conventions.ts";

/** Whether there is something to keep side by side: only requests from outside ask for assets. */
export function hasAssets(role: Role): boolean {
  return role.proxy !== undefined && role.assetPath !== undefined;
}

/** The volume of a version's container, for `docker run`; none for a role without assets. */
export function assetVolume(config: Config, role: Role, version: string): string | undefined {
  if (!hasAssets(role) || role.assetPath === undefined) return undefined;
  const { path, mountOptions } = role.assetPath;
  const options = mountOptions === undefined ? "" : `:${mountOptions}`;
  return `--volume ${liveWord(`$PWD/${volumesOf(config, role, version)}:${path}${options}`)}`;
}

/** Copies the assets out of the image. */
export function extract(config: Config, role: Role, version: string): string {
  const container = word(assetContainerName(config, role));
  const target = word(extractedOf(config, role, version));
  const source = word(`${assetContainerName(config, role)}:${role.assetPath?.path ?? ""}/.`);
  return [
    program("mkdir -p", target),
    `docker container rm ${container} 2> /dev/null || true`,
    `docker container create --name ${container} ${word(absoluteImage(config, version))}`,
    `docker container cp -L ${source} ${target}`,
    `docker container rm ${container}`,
  ].join(" && ");
}

/** Lets each version have the assets of both, keeping what is its own. Errors of the last two lines do not matter. */
export function sync(config: Config, role: Role, version: string, oldVersion: string | undefined): string[] {
  const copy = (from: string, to: string) => program("cp -rnT", word(from), word(to));
  const lines = [
    program("mkdir -p", word(volumesOf(config, role, version))),
    copy(extractedOf(config, role, version), volumesOf(config, role, version)),
  ];
  if (oldVersion === undefined) return lines;
  return [
    ...lines,
    `${copy(extractedOf(config, role, version), volumesOf(config, role, oldVersion))} || true`,
    `${copy(extractedOf(config, role, oldVersion), volumesOf(config, role, version))} || true`,
  ];
}

/** Removes the assets of all versions but this one. */
export function clean(config: Config, role: Role, version: string): string {
  const kept = [`${role.name}-${version}`, ...namesOfOthers(config, role, version)];
  const exceptions = kept.map((name) => `! -name ${name.includes("*") ? `'${name}'` : word(name)}`).join(" ");
  return ["extracted", "volumes"]
    .map(
      (kind) => `find ${assets(config)}/${kind} -maxdepth 1 -name '${role.name}-*' ${exceptions} -exec rm -rf "{}" +`,
    )
    .map((line) => program(line))
    .join(" ; ");
}

/** Directories are called ROLE-VERSION, so `web-*` finds those of a role `web-admin` as well. */
function namesOfOthers(config: Config, role: Role, version: string): string[] {
  const others = config.roles.filter((other) => other.name !== role.name);
  return others.flatMap(({ name }) => {
    if (name.startsWith(`${role.name}-`)) return [`${name}-*`];
    return `${name}-${version}`.startsWith(`${role.name}-`) ? [`${name}-${version}`] : [];
  });
}

function assets(config: Config): string {
  return `${appDirectory(config)}/assets`;
}

function extractedOf(config: Config, role: Role, version: string): string {
  return `${assets(config)}/extracted/${role.name}-${version}`;
}

function volumesOf(config: Config, role: Role, version: string): string {
  return `${assets(config)}/volumes/${role.name}-${version}`;
}
