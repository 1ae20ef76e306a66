/** Switching in two phases, which only kdeploy's proxy knows: prepare everywhere, then commit; and the ways back. */
import { PROXY_CONTAINER } from "../config/names.ts";
import { joined, word } from "./conventions.ts";
import { secondsFlag } from "./docker.ts";

const INSIDE = `docker exec ${PROXY_CONTAINER} kamal-proxy`;

/** The same, saying how it goes on: see `progressIn`. */
const WATCHED = `docker exec --env KAMAL_PROXY_PROGRESS=lines ${PROXY_CONTAINER} kamal-proxy`;

/** Prints the flags that the proxy knows. For `canPrepare`. */
export function proxyCapabilities(): string {
  return `${INSIDE} deploy --help`;
}

export function canPrepare(help: string): boolean {
  return /(?:^|\s)--prepare\b/m.test(help);
}

/** Ends when the targets are healthy; they get no requests yet. Its last line is for `parsePrepared`. `flags` are `deployFlags`. */
export function prepare(service: string, flags: readonly string[], ttlSeconds: number): string {
  return joined(`${WATCHED} deploy`, word(service), flags, "--prepare", secondsFlag("prepare-ttl", ttlSeconds));
}

/** The id by which the proxy knows what it has prepared. */
export function parsePrepared(stdout: string): string | undefined {
  return /^Prepared (\S+)$/.exec(stdout.trimEnd().split("\n").at(-1)?.trim() ?? "")?.[1];
}

/** Of a line on standard error: a check that was answered, requests that are waited for. Undefined for what is no such line. */
export function progressIn(line: string): string | undefined {
  return /^Progress: (.*)$/.exec(line)?.[1];
}

/** Switches at once; ends when what was replaced is drained. */
export function commit(service: string, id: string): string {
  return `${WATCHED} commit ${word(service)} --id ${word(id)}`;
}

/** Forgets what was prepared; without an id, whatever is being prepared for the service. */
export function abort(service: string, id: string | undefined): string {
  return joined(`${INSIDE} abort`, word(service), id === undefined ? undefined : `--id ${word(id)}`);
}

/** Puts back what was before that commit. */
export function revert(service: string, id: string): string {
  return `${INSIDE} revert ${word(service)} --id ${word(id)}`;
}
