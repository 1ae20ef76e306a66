/** `kdeploy proxy restart`: stopped and started, as it is. */
import { restartProxies } from "../../execute/operation/proxy-container.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await restartProxies(work);
    return 0;
  },
});
