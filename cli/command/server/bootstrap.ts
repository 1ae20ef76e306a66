/** `kdeploy server bootstrap`: Docker where it is missing. */
import { bootstrapServers } from "../../execute/operation/servers.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await bootstrapServers(work);
    return 0;
  },
});
