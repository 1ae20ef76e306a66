/** How a proxy without `proxy.run` is started: files of a server that `proxy boot-config` writes, as the original's does. Source: cli-commands §8. */
import { joined, program } from "./conventions.ts";
import { ORIGINAL_PROXY_IMAGE, PROXY_IMAGE } from "./proxy-image.ts";

const DIRECTORY = ".kamal/proxy";
const NAMES = ["options", "image", "image_version", "run_command"] as const;
const DEFAULT_OPTIONS = "--publish 80:80 --publish 443:443 --log-opt max-size=10m";

/** What the files hold; a file is not there where the default counts. */
export type BootFiles = { readonly [Name in (typeof NAMES)[number]]: string | undefined };

export type BootSettings = {
  /** Flags of `docker run`, in words. */
  readonly flags: readonly string[];
  readonly registry: string | undefined;
  /** `kamal-proxy` is put behind it. */
  readonly repository: string | undefined;
  readonly version: string | undefined;
  /** Of the proxy's program, in words. */
  readonly programFlags: readonly string[];
};

export function bootFilesOf({ flags, registry, repository, version, programFlags }: BootSettings): BootFiles {
  const options = joined(flags);
  return {
    options: options === DEFAULT_OPTIONS ? undefined : options,
    ...imageFilesOf(registry, repository, version),
    run_command: programFlags.length === 0 ? undefined : joined("kamal-proxy run", programFlags),
  };
}

/** Either file alone stands for the original's image: so with any of its parts, kdeploy's own is named in full. */
function imageFilesOf(
  registry: string | undefined,
  repository: string | undefined,
  version: string | undefined,
): Pick<BootFiles, "image" | "image_version"> {
  const name = repository === undefined ? PROXY_IMAGE.repository : `${repository}/kamal-proxy`;
  const image = registry === undefined ? name : `${registry}/${name}`;
  const tag = version ?? (repository === undefined ? PROXY_IMAGE.tag : undefined);
  const isDefault = image === PROXY_IMAGE.repository && tag === PROXY_IMAGE.tag;
  return isDefault ? { image: undefined, image_version: undefined } : { image, image_version: tag };
}

export function makeBootDirectory(): string {
  return program("mkdir -p", DIRECTORY);
}

export function bootFilePath(name: keyof BootFiles): string {
  return `${DIRECTORY}/${name}`;
}

/** Prints options, image and command of a proxy without `run`, as the original's boot files or their defaults say. */
export function showBootFiles(): string {
  const options = bootFile("options", `echo "${DEFAULT_OPTIONS}"`);
  return program(`echo ${options} ${imageFromBootFiles()} ${bootFile("run_command", 'echo ""')}`);
}

/** For these the defaults count again. */
export function removeBootFiles(names: readonly (keyof BootFiles)[] = NAMES): string {
  return program("rm -f", names.map(bootFilePath));
}

function bootFile(name: string, otherwise: string): string {
  return `$(cat ${DIRECTORY}/${name} 2> /dev/null || ${otherwise})`;
}

/** `repository:version`, for a shell. */
export function imageFromBootFiles(): string {
  // Only the version was set: that one was the original's.
  const original = `{ test -f ${DIRECTORY}/image_version && echo "${ORIGINAL_PROXY_IMAGE.repository}"; }`;
  const image = bootFile("image", `${original} || echo "${PROXY_IMAGE.repository}"`);
  // Only the repository was set: the original's default version belongs to it.
  const ownTag = `echo "${PROXY_IMAGE.tag}"`;
  const version = bootFile(
    "image_version",
    `{ test -f ${DIRECTORY}/image && echo "${ORIGINAL_PROXY_IMAGE.tag}"; } || ${ownTag}`,
  );
  return `${image}:${version}`;
}
