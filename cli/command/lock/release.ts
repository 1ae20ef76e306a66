/** `kdeploy lock release`: the deploy lock is free, whoever had it. */
import { releaseLock } from "../../execute/operation/deploy-lock.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description: "Frees the deploy lock, whoever has it. A deploy that is under way notices, and stops.",
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, print }) {
    const released = await releaseLock(work);
    if (!released) print("There is no deploy lock.\n");
    else if (!work.dryRun) print("The deploy lock is released.\n");
    return 0;
  },
});
