/** `kdeploy accessory upload`: the files of accessories go to their hosts. */
import { uploadAccessoryFiles } from "../../execute/operation/accessory-parts.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  arguments: [{ name: "NAME" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [name = ""] }) {
    await uploadAccessoryFiles(work, name);
    return 0;
  },
});
