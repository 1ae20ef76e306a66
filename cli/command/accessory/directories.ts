/** `kdeploy accessory directories`: the directories of accessories are made. */
import { makeAccessoryDirectories } from "../../execute/operation/accessory-parts.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  arguments: [{ name: "NAME" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [name = ""] }) {
    await makeAccessoryDirectories(work, name);
    return 0;
  },
});
