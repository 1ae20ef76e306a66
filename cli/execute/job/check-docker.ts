/** Every host is reached and has a Docker that answers, before anything is changed on any of them. */
import type { StepOf } from "../../plan/step.ts";
import { dockerVersion } from "../../remote/app-lookup.ts";
import { inStep } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";

/** @throws WorkError `docker-missing`; what connecting throws */
export async function checkDocker(work: Work, { hosts }: StepOf<"check-docker">): Promise<void> {
  await inStep(work, "Check Docker", hosts, () =>
    onHosts(work, hosts, async (host) => {
      const result = await runCommand(work, host, dockerVersion(), { reads: true, tolerate: true, level: "debug" });
      if (result.exitCode === 0) return;
      const said = result.stderr.trim();
      const [message, hint] = explanation(said, result.exitCode);
      const details = said === "" ? [] : said.split("\n").map((line) => work.redactor.redact(line));
      throw new WorkError("docker-missing", `${host}: ${message}`, { host, hint, details });
    }),
  );
}

function explanation(stderr: string, exitCode: number | null): [string, string] {
  if (exitCode === 127 || /not found/i.test(stderr)) return ["Docker is not installed.", "kdeploy setup installs it"];
  if (/permission denied/i.test(stderr)) {
    return ["this user may not use Docker.", "add the user to the group docker on the server, and log in anew"];
  }
  return ["Docker does not answer.", "see on the server whether its service runs: systemctl status docker"];
}
