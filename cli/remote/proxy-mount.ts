/** Where the proxy has the apps' files from: a home on the server, that of whoever started it first. Lines in and out. */

import { word } from "./conventions.ts";
import { APPS_CONFIG, PROXY_APPS_CONFIG } from "./proxy-run.ts";
import { quote } from "./shell.ts";

const SOURCE = `{{range .Mounts}}{{if eq .Destination "${PROXY_APPS_CONFIG}"}}{{.Source}}{{end}}{{end}}`;

/**
 * Prints the home that it is, unless it is this user's. For `inHome`. Where a replacement was killed half-way there is no such container,
 * and the one that was set aside knows.
 */
export function foreignHome(container: string): string {
  const inspect = (name: string): string => `docker inspect --type container ${name} --format ${quote(SOURCE)}`;
  const setAside = `docker ps --all --quiet --filter ${quote(`name=^${container}_replaced_`)} | head -n 1`;
  const former = `${setAside} | while read id; do ${inspect('"$id"')}; done`;
  return `source=$(${inspect(word(container))} 2> /dev/null || ${former}) && test "$source" = "$PWD/${APPS_CONFIG}" || echo "\${source%/${APPS_CONFIG}}"`;
}

/** A line whose `$PWD` is this home; nothing else changes. */
export function inHome(home: string, line: string): string {
  return home === "" ? line : `PWD=${word(home)}; ${line}`;
}
