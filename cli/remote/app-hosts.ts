/**
 * The record of the hosts that an app was ever deployed to: every host of the app has one, so that a host that left the configuration is
 * found still. A line for each host, with the roles that it had: `app1 jobs,web`.
 */
import type { Config } from "../config/config.ts";
import { appDirectory } from "../config/names.ts";
import { program, word } from "./conventions.ts";

export type AppHost = { readonly host: string; readonly roles: readonly string[] };

/** Adds these hosts to the record, in place of what it said of them; the others stay. A reader sees the old record or the new one. */
export function recordHosts(config: Config, hosts: readonly AppHost[]): string {
  const lines = hosts.map(({ host, roles }) => word(`${host} ${roles.join(",")}`.trim()));
  const file = hostsFile(config);
  const all = `{ printf '%s\\n' ${lines.join(" ")}; cat ${file} 2> /dev/null; }`;
  return `${program("mkdir -p", word(appDirectory(config)))} && ${replaced(file, `${all} | awk 'NF && !seen[$1]++'`)}`;
}

/** Where there is a record. */
export function forgetHosts(config: Config, hosts: readonly string[]): string {
  const file = hostsFile(config);
  const kept = [`cat ${file}`, ...hosts.map((host) => `awk -v host=${word(host)} '$1 != host'`)].join(" | ");
  return `test ! -f ${file} || { ${replaced(file, kept)}; }`;
}

/** Prints nothing where nothing was recorded. For `parseHosts`. */
export function readHosts(config: Config): string {
  return `cat ${hostsFile(config)} 2> /dev/null`;
}

export function parseHosts(text: string): AppHost[] {
  return text.split("\n").flatMap((line) => {
    const [host = "", roles = ""] = line.trim().split(/\s+/);
    return host === "" ? [] : [{ host, roles: roles.split(",").filter((role) => role !== "") }];
  });
}

function replaced(file: string, lines: string): string {
  return `${lines} | sort > ${file}.new && mv ${file}.new ${file}`;
}

function hostsFile(config: Config): string {
  return word(`${appDirectory(config)}/hosts`);
}
