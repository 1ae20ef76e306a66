/** `kdeploy accessory stop`: accessories end. */
import { stopAccessories } from "../../execute/operation/accessory-container.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description: "Of one accessory, or of all. Requests to those behind the proxy end first.",
  arguments: [{ name: "NAME" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [name = ""] }) {
    await stopAccessories(work, name);
    return 0;
  },
});
