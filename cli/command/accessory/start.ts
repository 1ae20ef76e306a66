/** `kdeploy accessory start`: accessories that were stopped start again. */
import { startAccessories } from "../../execute/operation/accessory-container.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description: "Of one accessory, or of all. Ends when each is healthy.",
  arguments: [{ name: "NAME" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [name = ""] }) {
    await startAccessories(work, name);
    return 0;
  },
});
