/** `kdeploy app maintenance`: the proxy answers requests itself until `app live`. */
import { startMaintenance } from "../../execute/operation/app-maintenance.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description: "Requests get the maintenance page, with status 503; those under way come to their end first.",
  options: {
    "drain-timeout": {
      kind: "number",
      placeholder: "SECONDS",
      help: "how long requests under way may take (default: drain_timeout of the configuration)",
    },
    message: { kind: "string", placeholder: "TEXT", help: "shown on the maintenance page" },
  },
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, options }) {
    const { message, "drain-timeout": drainTimeoutSeconds } = options;
    await startMaintenance(work, { drainTimeoutSeconds, message });
    return 0;
  },
});
