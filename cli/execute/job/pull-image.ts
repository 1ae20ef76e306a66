/** The image of a version from the registry to every host, side by side with what is there. Source: cli-docker-commands §8. */
import type { StepOf } from "../../plan/step.ts";
import { checkLabel, mirrors, parseMirror, pull } from "../../remote/image.ts";
import { allEnded } from "../all-ended.ts";
import { audit } from "../audit-line.ts";
import { inStep } from "../in-step.ts";
import { startLocalRegistry } from "../local-registry.ts";
import { onHosts } from "../on-hosts.ts";
import { withRegistryForward } from "../registry-forward.ts";
import { logIn } from "../registry-login.ts";
import { runPatiently } from "../registry-patience.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";
import { WorkError } from "../work-error.ts";

export async function pullImage(work: Work, { version, hosts }: StepOf<"pull-image">): Promise<void> {
  await inStep(work, `Pull ${version}`, hosts, async () => {
    await startLocalRegistry(work);
    const [{ first, rest }] = await allEnded([
      pullOrder(work, hosts),
      onHosts(work, hosts, (host) => logIn(work, host)),
    ]);
    await withRegistryForward(work, hosts, async () => {
      await onHosts(work, first, (host) => pullOn(work, host, version));
      await onHosts(work, rest, (host) => pullOn(work, host, version));
    });
  });
}

/** What is there already is not removed first: a pull that fails leaves everything as it was. */
export async function pullOn(work: Work, host: string, version: string): Promise<void> {
  await startLocalRegistry(work);
  await logIn(work, host);
  await allEnded([
    audit(work, host, `Pulled image with version ${version}`),
    withRegistryForward(work, [host], () => runPatiently(work, host, "pull", pull(work.config, version))),
  ]);
  const label = await runCommand(work, host, checkLabel(work.config, version), { tolerate: true });
  if (label.exitCode === 0) return;
  throw new WorkError("image-unusable", `${host}: the image ${version} has no label service=${work.config.service}.`, {
    host,
    hint: "images are built by kdeploy, or with --label service=… of the same name",
  });
}

/** Of hosts with the same mirror one goes first: the others find there what it has fetched. */
async function pullOrder(
  work: Work,
  hosts: readonly string[],
): Promise<{ readonly first: readonly string[]; readonly rest: readonly string[] }> {
  if (hosts.length < 2) return { first: hosts, rest: [] };
  const options = { reads: true, tolerate: true, level: "debug" } as const;
  const mirrorOf = await onHosts(work, hosts, async (host) =>
    parseMirror((await runCommand(work, host, mirrors(), options)).stdout),
  );
  const seeded = new Set<string>();
  const first: string[] = [];
  const rest: string[] = [];
  for (const host of hosts) {
    const mirror = mirrorOf.get(host);
    (mirror !== undefined && seeded.has(mirror) ? rest : first).push(host);
    if (mirror !== undefined) seeded.add(mirror);
  }
  return { first, rest };
}
