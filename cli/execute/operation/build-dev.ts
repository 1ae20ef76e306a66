/** An image of the working directory as it is, for trying it out: never the clean clone, and never a version that is deployed. Source: cli-commands §6. */
import { absoluteImage } from "../../config/names.ts";
import { makeBuilderReady } from "../build/builder.ts";
import { warnOfUncommitted } from "../build/context-check.ts";
import { checkDockerfile } from "../build/dockerfile.ts";
import { runBuild } from "../build/run-build.ts";
import { findBuildTools } from "../build/tools.ts";
import { inStep, say } from "../in-step.ts";
import type { Work } from "../work.ts";

const TAG_SUFFIX = "-dirty";

/** No hooks, and no login: what is exported to this machine's Docker needs none. `output` as of `buildx build`. */
export async function buildForDevelopment(
  work: Work,
  { output, noCache }: { readonly output: string; readonly noCache: boolean },
): Promise<void> {
  await checkDockerfile(work);
  const { config, version } = work;
  const tools = await inStep(work, "Prepare the build", [], () => findBuildTools(work, output));
  await makeBuilderReady(work, tools);
  await warnOfUncommitted(work, tools);
  const sources = { context: config.builder.context ?? ".", clone: undefined };
  await runBuild(work, tools, sources, { version, output, noCache, tagSuffix: TAG_SUFFIX });
  if (!work.dryRun) say(work, "notice", `The image is ${absoluteImage(config, `${version}${TAG_SUFFIX}`)}`);
}
