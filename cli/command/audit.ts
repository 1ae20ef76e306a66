/** `kdeploy audit`: what was done to the app, as the servers have recorded it. */
import { showAuditLog } from "../execute/operation/audit-log.ts";
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  description: "The last 50 entries of each host.",
  options: {},
  needs: "work",
  changes: false,
  async run({ work }) {
    await showAuditLog(work);
    return 0;
  },
});
