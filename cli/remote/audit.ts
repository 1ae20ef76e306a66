/** The log of what was done to an app, on each host. Source: cli-docker-commands §7. */
import type { Config } from "../config/config.ts";
import { auditLog } from "../config/names.ts";
import { echo, program, word } from "./conventions.ts";

export type AuditEntry = {
  /** UTC, ISO 8601. */
  readonly time: string;
  readonly performer: string;
  readonly role?: string | undefined;
  readonly message: string;
};

/** Adds one line. */
export function record(config: Config, { time, performer, role, message }: AuditEntry): string {
  const tags = [time, performer, config.destination, role].filter((tag) => tag !== undefined).map((tag) => `[${tag}]`);
  // One entry is one line, whatever is in it.
  const entry = [...tags, message].join(" ").replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
  return `${program("mkdir -p .kamal")} && ${echo(entry)} >> ${word(auditLog(config))}`;
}

/** Prints the last lines. */
export function read(config: Config): string {
  return program("tail -n 50", word(auditLog(config)));
}
