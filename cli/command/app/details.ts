/** `kdeploy app details`: the containers of the app that run. */
import { showAppDetails } from "../../execute/operation/app-show.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: false,
  async run({ work }) {
    await showAppDetails(work);
    return 0;
  },
});
