/** `kdeploy proxy boot`: the proxy runs on every host that needs one. */
import { bootProxies } from "../../execute/operation/proxy-container.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await bootProxies(work);
    return 0;
  },
});
