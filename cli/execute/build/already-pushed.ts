/** Whether a build would only make again what the registry has. Whatever cannot be found out means: build. */
import type { Config } from "../../config/config.ts";
import { isCommit } from "../../remote/git-state.ts";
import { fits, inspectImage, inspectManifest } from "../../remote/pushed-image.ts";
import { HostError } from "../host-error.ts";
import { inStep } from "../in-step.ts";
import { LOCALHOST, runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import type { Sources } from "./sources.ts";
import type { BuildTools } from "./tools.ts";

/** As it is unless the configuration says otherwise. */
const DOCKERFILE = "Dockerfile";

/**
 * Only of a commit it is known what it would be: directories, and versions with names of their own, are always built. So is what the
 * configuration has a say in: another destination, or a change that is not committed, makes another image of the same commit.
 */
export async function isAlreadyPushed(
  work: Work,
  version: string,
  sources: Sources,
  { buildx }: BuildTools,
): Promise<boolean> {
  if (sources.clone === undefined || !isCommit(version) || !isOfCommitAlone(work.config)) return false;
  const { config, state } = work;
  return inStep(work, `Ask the registry for ${version}`, [], async () => {
    const question = buildx ? inspectImage(config, version) : inspectManifest(config, version);
    const timeoutMs = state.limits.registryAnswerTimeoutMs;
    const options = { reads: true, tolerate: true, level: "debug", timeoutMs } as const;
    try {
      const { exitCode, stdout } = await runCommand(work, LOCALHOST, question, options);
      return exitCode === 0 && (!buildx || fits(config, stdout));
    } catch (error) {
      if (error instanceof HostError && error.code === "command-timed-out") return false;
      throw error;
    }
  });
}

function isOfCommitAlone({ builder: { args, dockerfile, pack, target } }: Config): boolean {
  return Object.keys(args).length === 0 && target === undefined && pack === undefined && dockerfile === DOCKERFILE;
}
