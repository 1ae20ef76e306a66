/** The deploy lock as Kamal has it: a directory on one host, because making a directory either works or does not. Source: cli-docker-commands §7. */
import type { Config } from "../config/config.ts";
import { lockDirectory } from "../config/names.ts";
import { program, word } from "./conventions.ts";

const LINE_LENGTH = 60;

export type LockDetails = {
  readonly by: string;
  /** UTC, ISO 8601. */
  readonly at: string;
  readonly version: string;
  readonly message: string;
};

export function detailsText({ by, at, version, message }: LockDetails): string {
  return [`Locked by: ${by} at ${at}`, `Version: ${version}`, `Message: ${message}`].join("\n");
}

/** Takes the lock or fails. */
export function acquire(config: Config, details: LockDetails): string {
  const encoded = Buffer.from(detailsText(details)).toString("base64");
  const text = (encoded.match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? []).join("\n");
  return `${program("mkdir", word(lockDirectory(config)))} && echo "${text}" > ${detailsFile(config)}`;
}

/** Whoever has it. */
export function release(config: Config): string {
  return `${program("rm", detailsFile(config))} && rm -r ${word(lockDirectory(config))}`;
}

/** Whatever is in it, and if it is there. */
export function removeDirectory(config: Config): string {
  return program("rm -rf", word(lockDirectory(config)));
}

function detailsFile(config: Config): string {
  return `${word(lockDirectory(config))}/details`;
}
