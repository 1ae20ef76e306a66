/** `kdeploy accessory restart`: accessories end and start again. */
import { restartAccessories } from "../../execute/operation/accessory-container.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description:
    "Of one accessory, or of all. Ends when each is healthy. Its image and settings stay; reboot takes those of now.",
  arguments: [{ name: "NAME" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [name = ""] }) {
    await restartAccessories(work, name);
    return 0;
  },
});
