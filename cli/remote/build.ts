/** Building and pushing the image on the machine that deploys: configuration and version in, lines out. Source: cli-docker-commands §9. */
import type { Builder, Config } from "../config/config.ts";
import { absoluteImage } from "../config/names.ts";
import { REDACTED, type Secret } from "../secret/secret.ts";
import type { BuilderKind } from "./builder.ts";
import { joined, liveWord, program, withEnv, word } from "./conventions.ts";
import { keyValueFlags } from "./docker.ts";
import { withExports } from "./env-file.ts";
import type { RemoteCommand } from "./remote-command.ts";
import { quoteLive } from "./shell.ts";

/** Of GitHub's cache, what its reading side takes. */
const GHA_READ_OPTIONS: ReadonlySet<string> = new Set(["url", "url_v2", "token", "scope", "timeout"]);
const LABELS_BUILDPACK = "paketo-buildpacks/image-labels";

export type BuildOptions = {
  readonly version: string;
  readonly context: string;
  /** Values of `builder.secrets`. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** `registry` unless given. */
  readonly output?: string;
  readonly noCache?: boolean;
  /** `-dirty` for builds of the working directory. */
  readonly tagSuffix?: string;
};

/** Fails without docker, which then prints nothing, or without its buildx plugin. */
export function check(): string {
  return "docker --version && docker buildx version";
}

/** The same, run in a directory of this machine. */
export function inDirectory(directory: string | undefined, command: RemoteCommand): RemoteCommand {
  if (directory === undefined) return command;
  const there = (line: string): string => `cd ${word(directory)} && ${line}`;
  const shown = command.shown === undefined ? {} : { shown: there(command.shown) };
  return { ...command, command: there(command.command), ...shown };
}

/** Prints `x86_64`, `aarch64`, …: see `archOf`. */
export function localArchitecture(): string {
  return "docker info --format '{{.Architecture}}'";
}

/** As images call it. */
export function archOf(stdout: string): string {
  const name = stdout.trim();
  return { aarch64: "arm64", x86_64: "amd64" }[name] ?? name;
}

/** Builds and pushes with the builder that `builder.ts` chose. */
export function build(config: Config, kind: BuilderKind, options: BuildOptions): RemoteCommand {
  if (kind.type === "pack") return packBuild(config, kind.arch, options);
  const { builder } = config;
  return withSecrets(options, (hidden) => {
    const line = joined(
      `docker buildx build --output=type=${word(options.output ?? "registry")}`,
      `--platform ${builder.arches.map((arch) => word(`linux/${arch}`)).join(",")}`,
      kind.name === undefined ? undefined : `--builder ${word(kind.name)}`,
      tags(config, options),
      cacheFlags(config),
      sharedFlags(config, hidden),
      builder.provenance === undefined ? undefined : `--provenance ${liveWord(String(builder.provenance))}`,
      builder.sbom === undefined ? undefined : `--sbom ${builder.sbom}`,
      options.noCache === true ? "--no-cache" : undefined,
      `${word(options.context)} 2>&1`,
    );
    const remote = kind.type === "remote" || kind.type === "hybrid";
    return withEnv(remote ? { BUILDKIT_NO_CLIENT_TOKEN: "1" } : {}, line);
  });
}

/** Without buildx: for this machine's architecture, and nothing is pushed. */
export function plainBuild(config: Config, options: BuildOptions): RemoteCommand {
  return withSecrets(options, (hidden) =>
    joined(
      "docker build",
      tags(config, options),
      sharedFlags(config, hidden),
      options.noCache === true ? "--no-cache" : undefined,
      `${word(options.context)} 2>&1`,
    ),
  );
}

export function push(config: Config, options: Pick<BuildOptions, "version" | "tagSuffix">): string {
  return images(config, options)
    .map((image) => `docker push ${word(image)}`)
    .join(" && ");
}

/** Whether what is built goes to the registry. */
export function isPushed({ output }: Pick<BuildOptions, "output">): boolean {
  return output === undefined || output === "registry";
}

function packBuild(config: Config, arch: string, options: BuildOptions): RemoteCommand {
  const { builder, repository, service } = config;
  return withSecrets(options, (hidden) => {
    const line = program(
      `pack build ${repository} --platform ${word(`linux/${arch}`)} --creation-time now`,
      `--builder ${word(builder.pack?.builder ?? "")}`,
      [...(builder.pack?.buildpacks ?? []), LABELS_BUILDPACK].map((pack) => `--buildpack ${word(pack)}`),
      tags(config, options),
      options.noCache === true ? "--clear-cache" : undefined,
      `--env BP_IMAGE_LABELS=service=${service}`,
      argFlags("--env", builder, hidden),
      builder.secrets.map((name) => `--env ${name}`),
      `--path ${word(options.context)}`,
    );
    return isPushed(options) ? `${line} && ${push(config, options)}` : line;
  });
}

function tags(config: Config, options: BuildOptions): string[] {
  return images(config, options).map((image) => `-t ${word(image)}`);
}

/** Of the version, and the latest one. */
function images(config: Config, { version, tagSuffix = "" }: Pick<BuildOptions, "version" | "tagSuffix">): string[] {
  return [version, config.latestTag].map((tag) => absoluteImage(config, `${tag}${tagSuffix}`));
}

/** In the order of `docker build` and `docker buildx build` alike. */
function sharedFlags(config: Config, hidden: boolean): string[] {
  const { builder, service } = config;
  return [
    ...keyValueFlags("--label", { service }),
    ...argFlags("--build-arg", builder, hidden),
    ...builder.secrets.map((name) => `--secret id=${quoteLive(name)}`),
    `--file ${word(builder.dockerfile)}`,
    ...(builder.target === undefined ? [] : [`--target ${word(builder.target)}`]),
    ...(builder.ssh === undefined ? [] : [`--ssh ${liveWord(builder.ssh)}`]),
  ];
}

/** null passes on the variable of this machine; an empty value is empty. */
function argFlags(flag: string, { args }: Builder, hidden: boolean): string[] {
  return Object.entries(args).map(([name, value]) => {
    if (value === null) return `${flag} ${name}`;
    return `${flag} ${name}=${hidden ? REDACTED : value === "" ? "" : quoteLive(value)}`;
  });
}

function cacheFlags({ builder: { cache }, registry }: Config): string[] {
  if (cache === undefined) return [];
  const options = cache.options === undefined || cache.options === "" ? [] : cache.options.split(",");
  const read =
    cache.type === "gha" ? options.filter((option) => GHA_READ_OPTIONS.has(option.split("=", 1)[0] ?? "")) : [];
  const source =
    cache.type === "gha" ? [] : [`ref=${registry.server === undefined ? "" : `${registry.server}/`}${cache.image}`];
  const value = (chosen: readonly string[]) => liveWord([`type=${cache.type}`, ...source, ...chosen].join(","));
  return [`--cache-to ${value(options)}`, `--cache-from ${value(read)}`];
}

/** Secrets by way of stdin; build arguments are in the line, but in no log. */
function withSecrets(options: BuildOptions, line: (hidden: boolean) => string): RemoteCommand {
  const [whole, hidden] = [line(false), line(true)];
  const command = withExports(options.secrets, whole);
  return whole === hidden ? command : { ...command, shown: withExports(options.secrets, hidden).command };
}
