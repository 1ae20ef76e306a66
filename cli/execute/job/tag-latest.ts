/** The version that serves gets the tag by which it is found as the current one. */
import type { StepOf } from "../../plan/step.ts";
import { tagAsLatest } from "../../remote/image.ts";
import { allEnded } from "../all-ended.ts";
import { audit } from "../audit-line.ts";
import { inStep } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";

export async function tagLatest(work: Work, { version, hosts }: StepOf<"tag-latest">): Promise<void> {
  await inStep(work, `Tag ${version} as latest`, hosts, () =>
    onHosts(work, hosts, async (host) => {
      const audited = audit(work, host, `Tagging ${version} as the latest image`);
      await allEnded([runCommand(work, host, tagAsLatest(work.config, version)), audited]);
    }),
  );
}
