/** `kdeploy app remove-container`: the stopped containers of one version go. */
import { removeAppContainer } from "../../execute/operation/app-remove.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  arguments: [{ name: "VERSION" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [version = ""] }) {
    await removeAppContainer(work, version);
    return 0;
  },
});
