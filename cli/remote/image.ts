/** Images of the app on a server: pull, check, tag and list them. Source: cli-docker-commands §3, §8. */
import type { Config } from "../config/config.ts";
import { absoluteImage } from "../config/names.ts";
import { word } from "./conventions.ts";

export function pull(config: Config, version: string): string {
  return `docker pull ${word(absoluteImage(config, version))}`;
}

/** Fails when the image was not built for this service: it would not be found again when it is to be removed. */
export function checkLabel(config: Config, version: string): string {
  const image = absoluteImage(config, version);
  const complaint = `(echo "Image ${image} is missing the 'service' label" && exit 1)`;
  return `docker inspect -f '{{ .Config.Labels.service }}' ${word(image)} | grep -x ${config.service} || ${complaint}`;
}

export function tagAsLatest(config: Config, version: string): string {
  return `docker tag ${word(absoluteImage(config, version))} ${absoluteImage(config, config.latestTag)}`;
}

export function list(config: Config): string {
  return `docker image ls ${config.repository}`;
}

/** Hosts with the same mirror need not all fetch from the registry. For `parseMirror`. */
export function mirrors(): string {
  return "docker info --format '{{json .RegistryConfig.Mirrors}}'";
}

/** The host's first mirror, if it has one. */
export function parseMirror(stdout: string): string | undefined {
  const first: unknown = /^\s*\[\s*"([^"\\]*)"/.exec(stdout)?.[1];
  return typeof first === "string" ? first : undefined;
}
