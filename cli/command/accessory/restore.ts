/** `kdeploy accessory restore`: the project's hook restores an accessory from a file. */
import { restoreAccessory } from "../../execute/operation/accessory-backup.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description:
    "Runs the hook accessory-restore, on this machine, with KAMAL_ACCESSORY, KAMAL_BACKUP_FILE, KAMAL_HOSTS and all secrets. kdeploy init writes a sample for Postgres.",
  arguments: [{ name: "NAME" }, { name: "FILE" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [name = "", file = ""], confirm }) {
    await confirm(`This replaces the data of ${name} by those of ${file}. Are you sure?`);
    await restoreAccessory(work, name, file);
    return 0;
  },
});
