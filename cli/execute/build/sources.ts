/** What is to be built: a commit, from a clone of its own, or a directory as it is; and what of it is not committed. */
import { tmpdir } from "node:os";
import { type Clone, cloneOf } from "../../remote/git-clone.ts";
import { headCommit, isCommit, topLevel, uncommitted } from "../../remote/git-state.ts";
import { say } from "../in-step.ts";
import { LOCALHOST, runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";

export type Sources = {
  /** Relative to where the build runs. */
  readonly context: string;
  /** Undefined for a directory that is built as it is. */
  readonly clone: { readonly commit: string; readonly place: Clone } | undefined;
};

/** Warns of what is not committed: left out of a clone, and part of a directory. */
export async function findSources(work: Work, version: string): Promise<Sources> {
  const { context } = work.config.builder;
  const root = await askGit(work, topLevel());
  if (root === undefined) return { context: context ?? ".", clone: undefined };
  const changed = (await askGit(work, uncommitted()))?.split("\n").filter((line) => line.trim() !== "") ?? [];
  const commit = await askGit(work, headCommit());
  if (context !== undefined || commit === undefined) {
    if (changed.length > 0) tellUncommitted(work, "This is in the image, though it is not committed:", changed);
    return { context: context ?? ".", clone: undefined };
  }
  if (changed.length > 0) tellUncommitted(work, "This is not in the image, because it is not committed:", changed);
  if (isCommit(version) && version !== commit) {
    say(work, "warning", `The version ${version} is another commit than the one that is built, ${commit}.`);
  }
  const temporary = work.env["TMPDIR"] ?? tmpdir();
  return { context: ".", clone: { commit, place: cloneOf(work.config, { cwd: work.cwd, root, temporary }) } };
}

/** Undefined where git says no, or is not there. */
export async function askGit(work: Work, line: string): Promise<string | undefined> {
  const options = { reads: true, tolerate: true, level: "debug" } as const;
  const { exitCode, stdout } = await runCommand(work, LOCALHOST, line, options);
  return exitCode === 0 ? stdout.trimEnd() : undefined;
}

/** The first of many. */
export function tellUncommitted(work: Work, title: string, changed: readonly string[]): void {
  const { changedFilesShown } = work.state.limits;
  const shown = changed.slice(0, changedFilesShown).map((line) => `  ${line}`);
  const more = changed.length - shown.length;
  say(work, "warning", [title, ...shown, ...(more > 0 ? [`  … and ${more} more`] : [])].join("\n"));
}
