/** Which files of a directory a build would get: a directory of one's own and the context in, a line for this machine out, whose output names them. */
import type { Config } from "../config/config.ts";
import { joined, word } from "./conventions.ts";

/** A build of nothing but its context; it needs no image from anywhere. */
export const CHECK_DOCKERFILE = "FROM scratch\nCOPY . /\n";

/**
 * `directory` has `CHECK_DOCKERFILE` as its Dockerfile, and may have a Dockerfile.dockerignore. Names are printed as `parseUncommitted`
 * has them. Nothing of it stays: no image, no tag.
 */
export function listContext(config: Config, builder: string | undefined, directory: string): string {
  const exit = word(`${directory}/exit`);
  const build = joined(
    "docker buildx build --output=type=tar,dest=-",
    builder === undefined ? undefined : `--builder ${word(builder)}`,
    `--file ${word(`${directory}/Dockerfile`)}`,
    word(config.builder.context ?? "."),
  );
  // A pipe has the exit code of its last command.
  return `(${build}; echo $? > ${exit}) | LC_ALL=C tar -tf - && grep -qx 0 ${exit}`;
}

/** Names from the context's root, without directories. */
export function parseContext(stdout: string): Set<string> {
  const names = stdout.split("\n").map((line) => line.replace(/^\.?\//, ""));
  return new Set(names.filter((name) => name !== "" && !name.endsWith("/")));
}
