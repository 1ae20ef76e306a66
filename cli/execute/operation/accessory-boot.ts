/** Accessories are started on the selected hosts where they are not yet. Source: cli-commands §7. */
import { checkLocalFiles } from "../accessory-files.ts";
import { bootAccessory } from "../job/boot-accessory.ts";
import type { Work } from "../work.ts";
import { accessoriesNamed, onAccessories } from "./accessory-names.ts";

/** @throws WorkError `file-missing` before anything is changed; `boot-failed` */
export async function bootAccessories(work: Work, typed: string): Promise<void> {
  await checkLocalFiles(work, accessoriesNamed(work, typed));
  await onAccessories(work, typed, (locked, { name }, hosts) =>
    bootAccessory(locked, { kind: "boot-accessory", accessory: name, hosts }),
  );
}
