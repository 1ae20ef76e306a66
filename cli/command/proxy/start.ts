/** `kdeploy proxy start`: the proxy that was stopped runs again. */
import { startProxies } from "../../execute/operation/proxy-container.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await startProxies(work);
    return 0;
  },
});
