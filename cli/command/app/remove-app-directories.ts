/** `kdeploy app remove-app-directories`: a single step of `app remove`. */
import { removeAppDirectories } from "../../execute/operation/app-remove.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await removeAppDirectories(work);
    return 0;
  },
});
