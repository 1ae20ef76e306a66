/** What is asked before accessories are replaced: which, where and how in, a question out. */
import type { Accessory } from "../../config/config.ts";
import type { Work } from "../../execute/work.ts";

export function replaceQuestion(work: Work, accessories: readonly Accessory[], rolling: boolean): string {
  const where = accessories.map(
    (accessory) => `${accessory.name} on ${work.selection.accessoryHosts(accessory).join(", ")}`,
  );
  const when = rolling ? "one host after another, " : "";
  return `This replaces the container of ${where.join("; ")}, ${when}with an outage for as long as the new one starts. Are you sure?`;
}
