/** Old containers and images of the app go from the selected hosts. Source: cli-commands §9. */
import { inStep } from "../in-step.ts";
import { pruneContainersOn, pruneImagesOn } from "../job/prune.ts";
import { onHosts } from "../on-hosts.ts";
import type { Work } from "../work.ts";
import { underLock } from "./under-lock.ts";

export type Prune = {
  readonly containers: boolean;
  readonly images: boolean;
  /** Stopped versions of each role that stay; as configured unless given. */
  readonly retain?: number | undefined;
};

/** Other than after a deploy, what cannot be removed is a failure: it is all that was asked for. */
export function pruneHosts(work: Work, { containers, images, retain }: Prune): Promise<void> {
  const what = [containers ? "containers" : "", images ? "images" : ""].filter((name) => name !== "").join(" and ");
  return underLock(work, async (locked) => {
    const { hosts, rolesOn } = locked.selection;
    await inStep(locked, `Prune old ${what}`, hosts, () =>
      onHosts(locked, hosts, async (host) => {
        const kept = retain ?? locked.config.retainContainers;
        if (containers) await pruneContainersOn(locked, host, rolesOn(host), kept);
        if (images) await pruneImagesOn(locked, host);
      }),
    );
  });
}
