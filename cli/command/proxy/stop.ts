/** `kdeploy proxy stop`: no requests reach the apps of the hosts until `proxy start`. */
import { stopProxies } from "../../execute/operation/proxy-container.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await stopProxies(work);
    return 0;
  },
});
