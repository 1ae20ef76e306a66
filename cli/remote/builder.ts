/** Which of buildx's builders builds, and the lines that make, check and remove it. Source: cli-docker-commands §9. */
import type { Config } from "../config/config.ts";
import { program, word, words } from "./conventions.ts";
import { quote } from "./shell.ts";

export type BuilderKind =
  | { readonly type: "local"; readonly name: string | undefined }
  | { readonly type: "cloud"; readonly name: string }
  | { readonly type: "remote"; readonly name: string; readonly remote: string }
  | {
      readonly type: "hybrid";
      readonly name: string;
      readonly remote: string;
      readonly localArches: readonly string[];
      readonly remoteArches: readonly string[];
    }
  | { readonly type: "pack"; readonly name: undefined; readonly arch: string };

/** Only then it matters what this machine's engine builds. */
export function dependsOnLocalArch({ builder }: Config): boolean {
  return builder.remote !== undefined && builder.local;
}

/** `localArch` as in `archOf`: what this machine's engine builds without emulation; undefined where it does not matter. */
export function builderKind(config: Config, localArch: string | undefined): BuilderKind {
  const { builder } = config;
  const { driver, remote } = builder;
  const localArches = builder.local ? builder.arches.filter((arch) => arch === localArch) : [];
  const remoteArches = builder.arches.filter((arch) => !localArches.includes(arch));
  if (remote !== undefined && remoteArches.length > 0) {
    const suffix = `${remote.toLowerCase().replace(/[^a-z0-9_-]/g, "-")}${isLocalRegistry(config) ? "-local-registry" : ""}`;
    return localArches.length === 0
      ? { type: "remote", name: `kamal-remote-${suffix}`, remote }
      : { type: "hybrid", name: `kamal-hybrid-${driver}-${suffix}`, remote, localArches, remoteArches };
  }
  if (builder.pack !== undefined) return { type: "pack", name: undefined, arch: builder.arches[0] ?? "" };
  if (driver.startsWith("cloud")) return { type: "cloud", name: driver.replace(/[ /]/g, "-") };
  // Docker's own builder is there, and has no name.
  if (driver === "docker") return { type: "local", name: undefined };
  return { type: "local", name: `kamal-local-${isLocalRegistry(config) ? "registry-" : ""}${driver}` };
}

/** Undefined where there is nothing to make: nothing is run then. */
export function create(config: Config, kind: BuilderKind): string | undefined {
  const { driver } = config.builder;
  const options = isLocalRegistry(config) ? " --driver-opt network=host" : "";
  if (kind.type === "pack" || kind.name === undefined) return undefined;
  if (kind.type === "cloud") return `docker buildx create --driver ${words(driver).join(" ")}`;
  const named = `--name ${word(kind.name)}`;
  if (kind.type === "local") return `docker buildx create ${named} --driver=${word(driver)}${options}`;
  if (kind.type === "remote") {
    return `${createContext(kind)} ; docker buildx create ${named}${options} ${contextOf(kind)}`;
  }
  const local = `--platform ${platforms(kind.localArches)} ${named} --driver=${word(driver)}${options}`;
  const remote = `--platform ${platforms(kind.remoteArches)} --append ${named}${options} ${contextOf(kind)}`;
  return `docker buildx create ${local} && ${createContext(kind)} && docker buildx create ${remote}`;
}

/** Fails when there is none, or one that does not fit. */
export function inspect(config: Config, kind: BuilderKind): string | undefined {
  if (kind.type === "pack") return program("pack builder inspect", word(config.builder.pack?.builder ?? ""));
  if (kind.name === undefined) return undefined;
  const builder = `docker buildx inspect ${word(kind.name)}`;
  if (kind.type !== "remote" && kind.type !== "hybrid") return builder;
  const context = `docker context inspect ${contextOf(kind)} --format '{{.Endpoints.docker.Host}}'`;
  const fits = `${builder} | grep -q Endpoint:.*${contextOf(kind)} && ${context} | grep -xq ${word(kind.remote)}`;
  return `${fits} || (echo no compatible builder && exit 1)`;
}

export function remove(kind: BuilderKind): string | undefined {
  if (kind.type === "pack" || kind.name === undefined) return undefined;
  const builder = `docker buildx rm ${word(kind.name)}`;
  return kind.type === "remote" || kind.type === "hybrid"
    ? `docker context rm ${contextOf(kind)} ; ${builder}`
    : builder;
}

/** The machine that a remote builder is on, as hosts are written; undefined for one that is not reached by ssh. */
export function remoteHost(kind: BuilderKind): string | undefined {
  if (kind.type !== "remote" && kind.type !== "hybrid") return undefined;
  return /^ssh:\/\/([^/]+)/.exec(kind.remote)?.[1];
}

export function details(config: Config, kind: BuilderKind): string | undefined {
  if (kind.type === "pack") return inspect(config, kind);
  const between = kind.type === "remote" || kind.type === "hybrid" ? ";" : "&&";
  return `docker context ls ${between} docker buildx ls`;
}

type Remote = { readonly name: string; readonly remote: string };

function createContext({ name, remote }: Remote): string {
  const description = quote(`${name} host`);
  return `docker context create ${word(name)}-context --description ${description} --docker ${quote(`host=${remote}`)}`;
}

function contextOf({ name }: Remote): string {
  return `${word(name)}-context`;
}

function platforms(arches: readonly string[]): string {
  return arches.map((arch) => word(`linux/${arch}`)).join(",");
}

function isLocalRegistry(config: Config): boolean {
  return config.registry.localPort !== undefined;
}
