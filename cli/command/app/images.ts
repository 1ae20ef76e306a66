/** `kdeploy app images`: the images of the app on the servers. */
import { showAppImages } from "../../execute/operation/app-show.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: false,
  async run({ work }) {
    await showAppImages(work);
    return 0;
  },
});
