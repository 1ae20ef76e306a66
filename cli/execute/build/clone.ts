/** A clean clone of a commit, made or brought up to date, and made anew when it is not as it should be. Source: cli-docker-commands §9. */
import * as git from "../../remote/git-clone.ts";
import type { RunResult } from "../host.ts";
import { inStep, say } from "../in-step.ts";
import { type CommandOptions, LOCALHOST, runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { CommandError, WorkError } from "../work-error.ts";

/** Characters of a commit in titles. */
const SHORT_COMMIT = 7;
const READS = { reads: true, tolerate: true, level: "debug" } as const;

/** In a hook of git's they name another repository than the clone, and every line would change that one. */
const OF_HOOKS = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"];

type Wrong = { readonly message: string; readonly details: readonly string[] };

/** @throws WorkError `clone-failed`, `file-missing` when the Dockerfile is not in the commit */
export async function prepareClone(work: Work, place: git.Clone, commit: string): Promise<void> {
  await inStep(work, `Clone commit ${commit.slice(0, SHORT_COMMIT)}`, [], async () => {
    const first = await attempt(work, place, commit);
    if (first !== undefined) {
      say(work, "notice", `The clone in ${place.directory} is made anew: ${first.message}`);
      await run(work, git.remove(place));
      const second = await attempt(work, place, commit);
      if (second !== undefined) throw cloneFailed(place, second);
    }
    await checkDockerfileIn(work, place);
  });
}

/** @returns what is wrong with it */
async function attempt(work: Work, place: git.Clone, commit: string): Promise<Wrong | undefined> {
  try {
    const { exitCode } = await run(work, git.isThere(place), READS);
    if (exitCode === 0) {
      for (const line of git.update(place, commit)) await run(work, line);
      await run(work, git.collectGarbage(place), { tolerate: true });
    } else {
      await run(work, git.makeDirectory(place));
      await run(work, git.clone(place));
    }
    return work.dryRun ? undefined : await complaint(work, place, commit);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { message: error.message, details: error.details };
  }
}

async function complaint(work: Work, place: git.Clone, commit: string): Promise<Wrong | undefined> {
  const options = { reads: true, level: "debug" } as const;
  const { stdout: changed } = await run(work, git.status(place), options);
  if (changed.trim() !== "") return { message: "it is not clean.", details: changed.trimEnd().split("\n") };
  const head = (await run(work, git.head(place), options)).stdout.trim();
  return head === commit ? undefined : { message: `it is at ${head}, not at ${commit}.`, details: [] };
}

async function checkDockerfileIn(work: Work, place: git.Clone): Promise<void> {
  const { dockerfile, pack } = work.config.builder;
  if (pack !== undefined || work.dryRun) return;
  if ((await run(work, git.hasFile(place, dockerfile), READS)).exitCode === 0) return;
  throw new WorkError("file-missing", `missing ${dockerfile} in the commit that is built`, {
    exitClass: "configuration",
    hint: "commit it; with builder.context: . this directory is built as it is",
  });
}

function run(work: Work, line: string, options: CommandOptions = {}): Promise<RunResult> {
  const set = OF_HOOKS.filter((name) => work.env[name] !== undefined);
  return runCommand(work, LOCALHOST, set.length === 0 ? line : `unset ${set.join(" ")} && ${line}`, options);
}

function cloneFailed(place: git.Clone, { message, details }: Wrong): WorkError {
  return new WorkError("clone-failed", `No clean clone of the commit could be made in ${place.directory}: ${message}`, {
    host: LOCALHOST,
    hint: "does git clone work here? With builder.context: . this directory is built as it is",
    details,
  });
}
