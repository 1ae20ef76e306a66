/** The image of a version, built on this machine and pushed. Source: cli-docker-commands §9. */
import type { StepOf } from "../../plan/step.ts";
import { plainBuild, push } from "../../remote/build.ts";
import { startLocalRegistry } from "../../remote/registry.ts";
import { isDockerInstalled } from "../../remote/server.ts";
import type { Secret } from "../../secret/secret.ts";
import { inStep } from "../in-step.ts";
import { logIn } from "../registry-login.ts";
import { LOCALHOST, runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";
import { runHook, runPreConnectHook } from "./run-hook.ts";

export async function buildImage(work: Work, { version, noCache }: StepOf<"build-image">): Promise<void> {
  await runPreConnectHook(work);
  await inStep(work, `Build and push ${version}`, [], async () => {
    await checkLocalDocker(work);
    const { localPort } = work.config.registry;
    if (localPort !== undefined) await runCommand(work, LOCALHOST, startLocalRegistry(localPort));
    await logIn(work, LOCALHOST);
    await runHook(work, "pre-build");
    const secrets = new Map<string, Secret>();
    for (const name of work.config.builder.secrets) secrets.set(name, await work.secrets.get(name));
    const context = work.config.builder.context ?? ".";
    await runCommand(work, LOCALHOST, plainBuild(work.config, { version, context, secrets, noCache }));
    await runCommand(work, LOCALHOST, push(work.config, version));
  });
}

async function checkLocalDocker(work: Work): Promise<void> {
  const options = { reads: true, tolerate: true, level: "debug" } as const;
  const { exitCode, stderr } = await runCommand(work, LOCALHOST, isDockerInstalled(), options);
  if (exitCode === 0) return;
  throw new WorkError("docker-missing", "Docker is not installed on this machine, where the image is to be built.", {
    host: LOCALHOST,
    hint: "install it, or deploy an image that is in the registry already with --skip-push",
    details: stderr.trim() === "" ? [] : stderr.trim().split("\n"),
  });
}
