/** Which image a server's proxy comes from, and whether the one that runs there is new enough. */

import type { ProxyRun } from "../config/config.ts";
import { compareVersions } from "../config/kamal-version.ts";
import { namesOriginalProxy } from "../config/proxy-image.ts";

/** kdeploy's own proxy; the tag is the version in proxy/version.ts, which this program does not import. A test compares them. */
export const PROXY_IMAGE = { repository: "kdeploy/kdeploy-proxy", tag: "v0.1.0" } as const;
/** The original's, for those who name its repository. The tag is also the oldest one that knows all flags of a deploy. */
export const ORIGINAL_PROXY_IMAGE = { repository: "basecamp/kamal-proxy", tag: "v0.9.2" } as const;

/** `[registry/]repository:tag`. */
export function proxyImage(run: Pick<ProxyRun, "registry" | "repository" | "version"> | undefined): string {
  const repository = run?.repository ?? PROXY_IMAGE.repository;
  const original = namesOriginalProxy({ repository } as ProxyRun);
  const tag = run?.version ?? (original ? ORIGINAL_PROXY_IMAGE : PROXY_IMAGE).tag;
  return `${run?.registry === undefined ? "" : `${run.registry}/`}${repository}:${tag}`;
}

/** `registry:5000/a/b:tag@sha256:…` in its parts; a port is no tag. */
export function parseImage(reference: string): { repository: string; tag: string | undefined } {
  const [named = ""] = reference.trim().split("@");
  const colon = named.lastIndexOf(":");
  if (colon === -1 || named.includes("/", colon)) return { repository: named, tag: undefined };
  return { repository: named.slice(0, colon), tag: named.slice(colon + 1) };
}

/** A tag that is no version, such as `latest` or a digest, is taken for new enough: nothing says otherwise. */
export function isTooOld(reference: string): boolean {
  const { repository, tag = "" } = parseImage(reference);
  if (!/^v?\d+(?:\.\d+)*$/.test(tag)) return false;
  const original = namesOriginalProxy({ repository } as ProxyRun);
  const minimum = (original ? ORIGINAL_PROXY_IMAGE : PROXY_IMAGE).tag;
  return compareVersions(tag.replace(/^v/, ""), minimum.replace(/^v/, "")) < 0;
}
