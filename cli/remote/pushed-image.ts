/** Is a version in the registry already? The questions, asked without pulling, and what their answers say. */
import type { Config } from "../config/config.ts";
import { absoluteImage } from "../config/names.ts";
import { joined, word } from "./conventions.ts";

/** A registry on this machine speaks HTTP. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/;

/** Prints the image's configuration: for `fits`. */
export function inspectImage(config: Config, version: string): string {
  return `docker buildx imagetools inspect ${word(absoluteImage(config, version))} --format '{{json .Image}}'`;
}

/** Where there is no buildx. Says no more than that there is such an image. */
export function inspectManifest(config: Config, version: string): string {
  const insecure = LOOPBACK.test(config.registry.server ?? "") ? "--insecure" : undefined;
  return joined("docker manifest inspect", insecure, word(absoluteImage(config, version)));
}

/** Whether an image is this service's, for every architecture that is wanted. What cannot be read does not fit. */
export function fits({ service, builder }: Config, stdout: string): boolean {
  const images = imagesIn(stdout);
  return builder.arches.every((arch) =>
    images.some(({ architecture, config }) => architecture === arch && config?.Labels?.["service"] === service),
  );
}

type Image = {
  readonly architecture?: unknown;
  readonly config?: { readonly Labels?: Readonly<Record<string, unknown>> | null } | null;
};

/** One image, or one for each platform by its name: `linux/amd64`. */
function imagesIn(stdout: string): Image[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(stdout);
  } catch {
    return [];
  }
  if (!isObject(parsed)) return [];
  if ("architecture" in parsed) return [parsed];
  return Object.values(parsed).filter(isObject);
}

function isObject(value: unknown): value is Image {
  return typeof value === "object" && value !== null;
}
