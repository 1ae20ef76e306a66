/** What was typed for an accessory → the accessories of the configuration that are meant, with a selected host each. */
import type { Accessory } from "../../config/config.ts";
import { suggestionFor } from "../../config/suggestion.ts";
import { KdeployError } from "../../errors.ts";
import { throwIfCancelled } from "../pause.ts";
import type { Work } from "../work.ts";
import { underLock } from "./under-lock.ts";

const ALL = "all";

export function accessoryTitle({ name }: Accessory): string {
  return `Accessory ${name} Host`;
}

/** `all`, or one name. @throws KdeployError `accessory-unknown`, `selection-empty` when it is on no selected host */
export function accessoriesNamed(work: Work, typed: string): readonly Accessory[] {
  if (typed !== ALL || work.config.accessories.some(({ name }) => name === ALL)) return [accessoryNamed(work, typed)];
  return work.config.accessories.filter((accessory) => work.selection.accessoryHosts(accessory).length > 0);
}

/** @throws as `accessoriesNamed` */
export function accessoryNamed(work: Work, typed: string): Accessory {
  const { accessories } = work.config;
  const found = accessories.find(({ name }) => name === typed);
  if (found === undefined)
    throw unknown(
      typed,
      accessories.map(({ name }) => name),
    );
  if (work.selection.accessoryHosts(found).length > 0) return found;
  throw new KdeployError("selection-empty", `accessory ${typed} is on none of the selected hosts`, {
    exitClass: "usage",
    hint: `it is on ${found.hosts.join(", ")}`,
  });
}

/** One accessory after another, as they stand in the configuration: one may need another. */
export function onAccessories(
  work: Work,
  typed: string,
  perform: (locked: Work, accessory: Accessory, hosts: readonly string[]) => Promise<void>,
): Promise<void> {
  const accessories = accessoriesNamed(work, typed);
  return underLock(work, async (locked) => {
    for (const accessory of accessories) {
      throwIfCancelled(locked.signal);
      await perform(locked, accessory, locked.selection.accessoryHosts(accessory));
    }
  });
}

function unknown(typed: string, known: readonly string[]): KdeployError {
  const meant = suggestionFor(typed, known);
  const list = known.length === 0 ? "there are none in this configuration" : `there are ${known.join(", ")}`;
  return new KdeployError("accessory-unknown", `there is no accessory ${typed}`, {
    exitClass: "usage",
    hint: meant === undefined ? list : `did you mean ${meant}? ${list}`,
  });
}
