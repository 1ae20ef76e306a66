/** A version that has taken over → the sentence that says so, with the addresses to look at. */
import type { Proxy, Role } from "../config/config.ts";
import type { Work } from "../execute/work.ts";
import { addressOf } from "../remote/proxy-flags.ts";

/** More would be a wall. */
const MAX_ADDRESSES = 5;

export function servingSentence({ selection }: Pick<Work, "selection">, version: string): string {
  const urls = selection.roles.flatMap((role) => (role.proxy === undefined ? [] : addresses(role, role.proxy)));
  const shown = [...new Set(urls)];
  if (shown.length === 0) return `Version ${version} runs.`;
  const more = shown.length > MAX_ADDRESSES ? " …" : "";
  return `Version ${version} serves: ${shown.slice(0, MAX_ADDRESSES).join(" ")}${more}`;
}

/** Names where there are some; else any name does, and the servers' own are there. */
function addresses({ hosts }: Role, { hosts: names, pathPrefixes, run, ssl }: Proxy): string[] {
  const port = ssl ? (run?.httpsPort ?? 443) : (run?.httpPort ?? 80);
  const isUsual = port === (ssl ? 443 : 80);
  const plain = names.filter((name) => !name.startsWith("*"));
  const where = names.length > 0 ? plain : hosts.map(({ name }) => addressOf(name));
  const path = pathPrefixes[0] ?? "";
  return where.map((name) => {
    const host = name.includes(":") ? `[${name}]` : name;
    return `${ssl ? "https" : "http"}://${host}${isUsual ? "" : `:${port}`}${path}`;
  });
}
