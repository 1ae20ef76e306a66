/** The image of a version, built on this machine and pushed, unless the registry has it. Source: cli-commands §6. */
import type { StepOf } from "../../plan/step.ts";
import { isPushed } from "../../remote/build.ts";
import { remoteHost } from "../../remote/builder.ts";
import { isAlreadyPushed } from "../build/already-pushed.ts";
import { makeBuilderReady } from "../build/builder.ts";
import { prepareClone } from "../build/clone.ts";
import { checkDockerfile } from "../build/dockerfile.ts";
import { runBuild } from "../build/run-build.ts";
import { findSources } from "../build/sources.ts";
import { type BuildTools, findBuildTools } from "../build/tools.ts";
import { inStep, say } from "../in-step.ts";
import { startLocalRegistry } from "../local-registry.ts";
import { withRegistryForward } from "../registry-forward.ts";
import { logIn } from "../registry-login.ts";
import { LOCALHOST } from "../run-command.ts";
import type { Work } from "../work.ts";
import { runHook, runPreConnectHook } from "./run-hook.ts";

/** `output` as of `buildx build`, `registry` unless given. */
export async function buildImage(
  work: Work,
  { version, noCache, output }: StepOf<"build-image"> & { readonly output?: string },
): Promise<void> {
  await checkDockerfile(work);
  await runPreConnectHook(work);
  const wishes = { version, noCache, ...(output === undefined ? {} : { output }) };
  const tools = await inStep(work, "Prepare the build", [], () => makeReady(work, output));
  await runHook(work, "pre-build");
  const sources = await findSources(work, version);
  if (!noCache && isPushed(wishes) && (await isAlreadyPushed(work, version, sources, tools))) {
    say(work, "notice", `The registry has ${version} already: it is not built again. With --no-cache it is.`);
    return;
  }
  if (sources.clone !== undefined) await prepareClone(work, sources.clone.place, sources.clone.commit);
  const builderHost = isPushed(wishes) ? remoteHost(tools.kind) : undefined;
  await withRegistryForward(work, builderHost === undefined ? [] : [builderHost], async () => {
    await makeBuilderReady(work, tools);
    await runBuild(work, tools, sources, wishes);
  });
}

/** Docker is there, and so is the registry, or a login to it. */
async function makeReady(work: Work, output: string | undefined): Promise<BuildTools> {
  const tools = await findBuildTools(work, output);
  const { type } = tools.kind;
  await startLocalRegistry(work);
  // Nothing to log in to where the registry is a local one.
  if (type !== "remote" && type !== "hybrid") await logIn(work, LOCALHOST);
  return tools;
}
