/** The image of a version from the registry to every host, side by side with what is there. Source: cli-docker-commands §8. */
import type { StepOf } from "../../plan/step.ts";
import { checkLabel, pull } from "../../remote/image.ts";
import { audit } from "../audit-line.ts";
import { inStep, say } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { pause } from "../pause.ts";
import { logIn } from "../registry-login.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { CommandError, WorkError } from "../work-error.ts";

/** What a registry or a network says that may be otherwise in a moment. */
const TRANSIENT =
  /\b(?:429|50[0234])\b|too ?many ?requests|timeout|timed out|connection reset|connection refused|unexpected EOF|temporary failure|TLS handshake/i;

export async function pullImage(work: Work, { version, hosts }: StepOf<"pull-image">): Promise<void> {
  await inStep(work, `Pull ${version}`, hosts, () => onHosts(work, hosts, (host) => pullOn(work, host, version)));
}

/** What is there already is not removed first: a pull that fails leaves everything as it was. */
export async function pullOn(work: Work, host: string, version: string): Promise<void> {
  await logIn(work, host);
  await audit(work, host, `Pulled image with version ${version}`);
  await pullPatiently(work, host, version);
  const label = await runCommand(work, host, checkLabel(work.config, version), { tolerate: true });
  if (label.exitCode === 0) return;
  throw new WorkError("image-unusable", `${host}: the image ${version} has no label service=${work.config.service}.`, {
    host,
    hint: "images are built by kdeploy, or with --label service=… of the same name",
  });
}

async function pullPatiently(work: Work, host: string, version: string): Promise<void> {
  const { pullAttempts, pullRetryMs } = work.state.limits;
  for (let attempt = 1; ; attempt++) {
    try {
      await runCommand(work, host, pull(work.config, version));
      return;
    } catch (error) {
      if (!(error instanceof CommandError) || attempt >= pullAttempts || !TRANSIENT.test(error.stderr)) throw error;
      say(work, "warning", `The pull failed, and is tried again: ${error.details.at(-1) ?? error.message}`, host);
      await pause(pullRetryMs * 2 ** (attempt - 1), work.signal);
    }
  }
}
