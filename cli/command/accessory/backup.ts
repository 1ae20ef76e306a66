/** `kdeploy accessory backup`: the project's hook backs an accessory up. */
import { backUpAccessory } from "../../execute/operation/accessory-backup.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description:
    "Runs the hook accessory-backup, on this machine, with KAMAL_ACCESSORY, KAMAL_HOSTS and all secrets. kdeploy init writes a sample for Postgres.",
  arguments: [{ name: "NAME" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [name = ""] }) {
    await backUpAccessory(work, name);
    return 0;
  },
});
