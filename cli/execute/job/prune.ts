/** Old containers and images go, as many as the configuration keeps stay. Source: cli-docker-commands §10. */
import type { Role } from "../../config/config.ts";
import type { StepOf } from "../../plan/step.ts";
import {
  containersToRemove,
  listContainers,
  parseContainers,
  removeContainers,
  removeDanglingImages,
  removeUnusedImages,
} from "../../remote/prune.ts";
import { allEnded } from "../all-ended.ts";
import { audit } from "../audit-line.ts";
import { inStep, say } from "../in-step.ts";
import { settleOnHosts } from "../on-hosts.ts";
import { throwIfCancelled } from "../pause.ts";
import { placed } from "../place.ts";
import { runCommand } from "../run-command.ts";
import type { Work } from "../work.ts";

/** The app is deployed by now: what cannot be removed is told, and tried again by the next deploy. */
export async function prune(work: Work, { hosts, places }: StepOf<"prune">): Promise<void> {
  await inStep(work, "Prune old containers and images", hosts, async () => {
    const { failures } = await settleOnHosts(work, hosts, async (host) => {
      const roles = places.filter((place) => place.host === host).map((place) => placed(work, place).role);
      await pruneContainersOn(work, host, roles, work.config.retainContainers);
      await pruneImagesOn(work, host);
    });
    throwIfCancelled(work.signal);
    for (const { host, error } of failures) say(work, "warning", `Pruning failed: ${error.message}`, host);
  });
}

/** `retain` stopped versions of each role stay. One role after another: Docker does not prune twice at a time. */
export async function pruneContainersOn(
  work: Work,
  host: string,
  roles: readonly Role[],
  retain: number,
): Promise<void> {
  const removable = async (role: Role): Promise<string[]> => {
    const listed = await runCommand(work, host, listContainers(work.config, role), { reads: true, level: "debug" });
    return containersToRemove(work.config, role, parseContainers(listed.stdout), { retain });
  };
  const audited = audit(work, host, "Pruned containers");
  const [found] = await allEnded([allEnded(roles.map(removable)), audited]);
  for (const ids of found) if (ids.length > 0) await runCommand(work, host, removeContainers(ids));
}

export async function pruneImagesOn(work: Work, host: string): Promise<void> {
  const audited = audit(work, host, "Pruned images");
  await allEnded([runCommand(work, host, removeDanglingImages(work.config)), audited]);
  await runCommand(work, host, removeUnusedImages(work.config));
}
