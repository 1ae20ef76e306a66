/** `kdeploy app remove-containers`: a single step of `app remove`. */
import { removeAppContainers } from "../../execute/operation/app-remove.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await removeAppContainers(work);
    return 0;
  },
});
