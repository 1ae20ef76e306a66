/** `kdeploy accessory remove-image`: images of accessories go. */
import { removeAccessoryImages } from "../../execute/operation/accessory-parts.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  arguments: [{ name: "NAME" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [name = ""] }) {
    await removeAccessoryImages(work, name);
    return 0;
  },
});
