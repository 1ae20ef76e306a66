/** `kdeploy accessory remove-container`: stopped containers of accessories go. */
import { removeAccessoryContainers } from "../../execute/operation/accessory-parts.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  arguments: [{ name: "NAME" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [name = ""] }) {
    await removeAccessoryContainers(work, name);
    return 0;
  },
});
