/** What the proxy on a server is told about one service. Source: cli-docker-commands §4. */
import { PROXY_CONTAINER } from "../config/names.ts";
import { joined, word } from "./conventions.ts";
import { proxyFlag, secondsFlag } from "./docker.ts";

const INSIDE = `docker exec ${PROXY_CONTAINER} kamal-proxy`;

/** `flags` are `deployFlags`. Ends when the target is healthy and has the traffic, or with an error. */
export function deploy(service: string, flags: readonly string[]): string {
  return joined(`${INSIDE} deploy`, word(service), flags);
}

export function remove(service: string): string {
  return `${INSIDE} remove ${word(service)}`;
}

/** Ends maintenance. */
export function live(service: string): string {
  return `${INSIDE} resume ${word(service)}`;
}

export function maintenance(
  service: string,
  { drainTimeoutSeconds, message }: { drainTimeoutSeconds?: number | undefined; message?: string | undefined } = {},
): string {
  return joined(
    `${INSIDE} stop`,
    word(service),
    secondsFlag("drain-timeout", drainTimeoutSeconds),
    proxyFlag("message", message),
  );
}

/** A table for people. */
export function list(): string {
  return `${INSIDE} list`;
}

/** How many services `list` told of: one on a line, below a heading. */
export function services(listed: string): number {
  return Math.max(0, listed.split("\n").filter((line) => line.trim() !== "").length - 1);
}
