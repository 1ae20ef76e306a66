/** `kdeploy proxy remove-container`: a single step of `proxy remove`. */
import { removeProxyContainers } from "../../execute/operation/proxy-remove.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await removeProxyContainers(work);
    return 0;
  },
});
