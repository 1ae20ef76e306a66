/** Assets of two versions side by side, so that pages of the old one find theirs: a role and its versions in, lines out. Source: cli-docker-commands §5. */
import type { AssetPath, Config, Role } from "../config/config.ts";
import { absoluteImage, appDirectory, assetContainerName } from "../config/names.ts";
import { liveWord, program, word } from "./conventions.ts";

/** Whether there is something to keep side by side: only requests from outside ask for assets. */
export function hasAssets(role: Role): boolean {
  return role.proxy !== undefined && role.assetPaths.length > 0;
}

/** The volumes of a version's container, for `docker run`; none for a role without assets. */
export function assetVolumes(config: Config, role: Role, version: string): string[] {
  return trees(config, role).map(({ volumes, path, mountOptions }) => {
    const options = mountOptions === undefined ? "" : `:${mountOptions}`;
    return `--volume ${liveWord(`$PWD/${volumes(version)}:${path}${options}`)}`;
  });
}

/** Copies the assets out of the image. For `missingAssetPath` when it fails. */
export function extract(config: Config, role: Role, version: string): string {
  const container = word(assetContainerName(config, role));
  const all = trees(config, role);
  return [
    ...all.map(({ extracted }) => program("mkdir -p", word(extracted(version)))),
    `docker container rm ${container} 2> /dev/null || true`,
    `docker container create --name ${container} ${word(absoluteImage(config, version))}`,
    ...all.map(
      ({ path, extracted }) =>
        `docker container cp -L ${word(`${assetContainerName(config, role)}:${path}/.`)} ${word(extracted(version))}`,
    ),
    `docker container rm ${container}`,
  ].join(" && ");
}

/** What `extract` has left when it failed. */
export function removeHelper(config: Config, role: Role): string {
  return `docker container rm ${word(assetContainerName(config, role))}`;
}

/** The path that an image does not have, from what Docker says of it; undefined for any other failure. */
export function missingAssetPath(role: Role, stderr: string): string | undefined {
  if (!/No such container:path|Could not find the file/i.test(stderr)) return undefined;
  const longestFirst = role.assetPaths.map(({ path }) => path).toSorted((one, other) => other.length - one.length);
  return longestFirst.find((path) => stderr.includes(path));
}

/** Lets each version have the assets of both, keeping what is its own. Errors of lines that end in `true` do not matter. */
export function sync(config: Config, role: Role, version: string, oldVersion: string | undefined): string[] {
  const copy = (from: string, to: string) => program("cp -rnT", word(from), word(to));
  return trees(config, role).flatMap(({ extracted, volumes }) => {
    const lines = [program("mkdir -p", word(volumes(version))), copy(extracted(version), volumes(version))];
    if (oldVersion === undefined) return lines;
    return [
      ...lines,
      `${copy(extracted(version), volumes(oldVersion))} || true`,
      `${copy(extracted(oldVersion), volumes(version))} || true`,
    ];
  });
}

/** Removes the assets of all versions but this one. */
export function clean(config: Config, role: Role, version: string): string {
  const kept = [`${role.name}-${version}`, ...namesOfOthers(config, role, version)];
  const exceptions = kept.map((name) => `! -name ${name.includes("*") ? `'${name}'` : word(name)}`).join(" ");
  return role.assetPaths
    .flatMap((_, at) => [kindOf("extracted", at), kindOf("volumes", at)])
    .map(
      (kind) => `find ${assets(config)}/${kind} -maxdepth 1 -name '${role.name}-*' ${exceptions} -exec rm -rf "{}" +`,
    )
    .map((line) => program(line))
    .join(" ; ");
}

type Tree = AssetPath & {
  /** What the image of a version has, and what its containers see: directories of the server. */
  readonly extracted: (version: string) => string;
  readonly volumes: (version: string) => string;
};

/** The first directory of a role is where the original has its only one. */
function trees(config: Config, role: Role): Tree[] {
  if (!hasAssets(role)) return [];
  return role.assetPaths.map((assetPath, at) => ({
    ...assetPath,
    extracted: (version) => `${assets(config)}/${kindOf("extracted", at)}/${role.name}-${version}`,
    volumes: (version) => `${assets(config)}/${kindOf("volumes", at)}/${role.name}-${version}`,
  }));
}

function kindOf(kind: "extracted" | "volumes", at: number): string {
  return at === 0 ? kind : `${kind}-${at + 1}`;
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
