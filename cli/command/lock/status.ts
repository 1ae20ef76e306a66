/** `kdeploy lock status`: who has the deploy lock. */
import { lockStatus } from "../../execute/operation/deploy-lock.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: false,
  async run({ work, print }) {
    for (const line of await lockStatus(work)) print(`${line}\n`);
    return 0;
  },
});
