/** Docker where there is none yet, if this user may install it. Source: cli-docker-commands §10. */
import type { StepOf } from "../../plan/step.ts";
import {
  addToDockerGroup,
  endSession,
  installDocker,
  isDockerInstalled,
  isInDockerGroup,
  isRoot,
  mayInstallDocker,
} from "../../remote/server.ts";
import { inStep, say } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { isUncertain, WorkError } from "../work-error.ts";

/** @throws WorkError `docker-missing` where it cannot be installed */
export async function bootstrap(work: Work, { hosts }: StepOf<"bootstrap">): Promise<void> {
  await inStep(work, "Install Docker where it is missing", hosts, () =>
    onHosts(work, hosts, (host) => bootstrapOn(work, host)),
  );
}

async function bootstrapOn(work: Work, host: string): Promise<void> {
  const holds = async (line: string): Promise<boolean> =>
    (await runCommand(work, host, line, { reads: true, tolerate: true, level: "debug" })).exitCode === 0;
  if (await holds(isDockerInstalled())) return;
  if (!(await holds(mayInstallDocker()))) {
    throw new WorkError("docker-missing", `${host}: Docker is not installed, and this user may not install it.`, {
      host,
      hint: "install Docker on the server, or deploy as root or as a user for whom sudo asks no password",
    });
  }
  say(work, "progress", "Installs Docker", host);
  await runCommand(work, host, installDocker());
  if ((await holds(isRoot())) || (await holds(isInDockerGroup()))) return;
  await runCommand(work, host, addToDockerGroup());
  try {
    // The group counts from the next session on.
    await runCommand(work, host, endSession(), { tolerate: true });
  } catch (error) {
    if (!isUncertain(error)) throw error;
  }
}
