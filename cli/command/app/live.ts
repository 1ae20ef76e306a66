/** `kdeploy app live`: maintenance ends, requests reach the app again. */
import { endMaintenance } from "../../execute/operation/app-maintenance.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await endMaintenance(work);
    return 0;
  },
});
