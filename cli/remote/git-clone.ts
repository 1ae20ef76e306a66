/** A clean clone of the commit to build: directories in, lines for this machine out. Source: cli-docker-commands §9. */
import { createHash } from "node:crypto";
import { basename, join, relative, resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { joined, program, word } from "./conventions.ts";

const HASH_LENGTH = 13;

export type Clone = {
  /** The repository's root here. */
  readonly root: string;
  /** What it is made in, itself, and where the build runs in it. */
  readonly directory: string;
  readonly cloneDirectory: string;
  readonly buildDirectory: string;
};

/** One clone for each service and working directory, kept between builds. */
export function cloneOf(
  config: Config,
  { cwd, root, temporary }: { cwd: string; root: string; temporary: string },
): Clone {
  const hash = createHash("sha256").update(cwd).digest("hex").slice(0, HASH_LENGTH);
  const directory = join(temporary, "kamal-clones", `${config.service}-${hash}`);
  // As git names it.
  const cloneDirectory = join(directory, basename(root).replace(/\.git$/, ""));
  return { root, directory, cloneDirectory, buildDirectory: join(cloneDirectory, relative(root, cwd)) };
}

/** The sources are nobody else's business: temporary directories are everybody's. */
export function makeDirectory({ directory }: Clone): string {
  return program("mkdir -p -m 700", word(directory));
}

/** Whether there is something of an earlier build, good or not. */
export function isThere({ cloneDirectory }: Clone): string {
  return `test -e ${word(cloneDirectory)}`;
}

export function clone({ directory, root }: Clone): string {
  return git(directory, "clone", word(root), "--recurse-submodules");
}

/** Brings a clone that is there to this commit, one line after the other. */
export function update({ buildDirectory, root }: Clone, commit: string): string[] {
  return [
    ["remote set-url origin", word(root)],
    ["fetch origin"],
    ["reset --hard", word(commit)],
    ["clean -fdx"],
    ["submodule update --init"],
  ].map((args) => git(buildDirectory, ...args));
}

/** So that it does not grow for ever; how it ends does not matter. */
export function collectGarbage({ buildDirectory }: Clone): string {
  return git(buildDirectory, "gc --auto --quiet");
}

/** Prints nothing for a clean clone. */
export function status({ buildDirectory }: Clone): string {
  return git(buildDirectory, "status --porcelain");
}

/** Prints the commit that the clone has. */
export function head({ buildDirectory }: Clone): string {
  return git(buildDirectory, "rev-parse HEAD");
}

/** Whether the commit has this file. */
export function hasFile({ buildDirectory }: Clone, path: string): string {
  return `test -e ${word(resolve(buildDirectory, path))}`;
}

export function remove({ directory }: Clone): string {
  return program("rm -rf", word(directory));
}

function git(directory: string, ...args: readonly string[]): string {
  return program(joined("git -C", word(directory), args));
}
