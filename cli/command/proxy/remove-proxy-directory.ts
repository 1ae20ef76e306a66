/** `kdeploy proxy remove-proxy-directory`: a single step of `proxy remove`. */
import { removeProxyDirectories } from "../../execute/operation/proxy-remove.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await removeProxyDirectories(work);
    return 0;
  },
});
