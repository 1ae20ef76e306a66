/** The selected roles on their hosts: all hosts at a time, the roles of one host one after another unless `boot.parallel_roles`. */
import { placesOn } from "../../plan/boot-steps.ts";
import { inStep } from "../in-step.ts";
import { onHosts } from "../on-hosts.ts";
import { byHost, placed, type RoleOnHost } from "../place.ts";
import type { Work } from "../work.ts";

export function selectedPlaces(work: Work): RoleOnHost[] {
  return placesOn(work.selection, work.selection.appHosts).map((place) => placed(work, place));
}

/** @throws as `onHosts` */
export async function onRoles(
  work: Work,
  title: string,
  places: readonly RoleOnHost[],
  perform: (place: RoleOnHost) => Promise<void>,
): Promise<void> {
  const hosts = byHost(places);
  const names = [...hosts.keys()];
  await inStep(work, title, names, () =>
    onHosts(work, names, async (host) => {
      const here = hosts.get(host) ?? [];
      if (work.config.boot.parallelRoles) await everyOne(here, perform);
      else for (const place of here) await perform(place);
    }),
  );
}

/** All come to their end before the first failure is thrown. */
async function everyOne(places: readonly RoleOnHost[], perform: (place: RoleOnHost) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(places.map(perform));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
