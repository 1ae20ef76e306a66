/** `kdeploy app remove-images`: a single step of `app remove`. */
import { removeAppImages } from "../../execute/operation/app-remove.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await removeAppImages(work);
    return 0;
  },
});
