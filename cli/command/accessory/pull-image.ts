/** `kdeploy accessory pull-image`: the images of accessories are pulled. */
import { pullAccessoryImages } from "../../execute/operation/accessory-parts.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  arguments: [{ name: "NAME" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [name = ""] }) {
    await pullAccessoryImages(work, name);
    return 0;
  },
});
