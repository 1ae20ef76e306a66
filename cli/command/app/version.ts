/** `kdeploy app version`: the version that runs, on every host. */
import { showAppVersion } from "../../execute/operation/app-show.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: false,
  async run({ work }) {
    await showAppVersion(work);
    return 0;
  },
});
