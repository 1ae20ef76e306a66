/** `kdeploy accessory remove`: accessories go, with their images and data. */
import { accessoriesNamed } from "../../execute/operation/accessory-names.ts";
import { removeAccessories } from "../../execute/operation/accessory-remove.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description:
    "Of one accessory, or of all. Its directories go with all that is in them; named volumes of Docker stay.",
  arguments: [{ name: "NAME" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [name = ""], confirm }) {
    const where = accessoriesNamed(work, name).map(
      (accessory) => `${accessory.name} on ${work.selection.accessoryHosts(accessory).join(", ")}`,
    );
    await confirm(`This removes containers, images and data of ${where.join("; ")}. Are you sure?`);
    await removeAccessories(work, name);
    return 0;
  },
});
