/** Error pages of an app, one directory for each version, below what the proxy's container sees. Source: cli-docker-commands §5. */
import type { Config } from "../config/config.ts";
import { proxyAppDirectory } from "../config/names.ts";
import { program, word } from "./conventions.ts";
import { PROXY_APPS_CONFIG } from "./proxy-run.ts";

/** Files of `error_pages_path` that are error pages. */
export const ERROR_PAGE_NAME = /^[45]..\.html$/;

export function errorPagesDirectory(config: Config, version: string): string {
  return `${proxyAppDirectory(config)}/error_pages/${version}`;
}

/** The same directory where the proxy sees it. */
export function errorPagesInProxy(config: Config, version: string): string {
  return `${PROXY_APPS_CONFIG}/${config.appId}/error_pages/${version}`;
}

/** Before the pages are uploaded. */
export function makeDirectory(config: Config, version: string): string {
  return program("mkdir -p", word(errorPagesDirectory(config, version)));
}

/** Removes the pages of all versions but this one. */
export function clean(config: Config, version: string): string {
  const directory = `${proxyAppDirectory(config)}/error_pages`;
  return program("find", directory, `-mindepth 1 -maxdepth 1 ! -name ${word(version)} -exec rm -rf {} +`);
}
