/** `kdeploy proxy details`: the container of the proxy. */
import { showProxyDetails } from "../../execute/operation/proxy-container.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: false,
  async run({ work }) {
    await showProxyDetails(work);
    return 0;
  },
});
