/** `kdeploy accessory remove-service-directory`: files and data of accessories go. */
import { removeAccessoryDirectories } from "../../execute/operation/accessory-parts.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  arguments: [{ name: "NAME" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [name = ""] }) {
    await removeAccessoryDirectories(work, name);
    return 0;
  },
});
