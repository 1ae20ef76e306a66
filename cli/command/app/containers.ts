/** `kdeploy app containers`: all containers of the app, in every state. */
import { showAppContainers } from "../../execute/operation/app-show.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: false,
  async run({ work }) {
    await showAppContainers(work);
    return 0;
  },
});
