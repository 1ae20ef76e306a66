/** `kdeploy lock acquire`: nobody deploys until `lock release`. */
import { KdeployError } from "../../errors.ts";
import { acquireLock } from "../../execute/operation/deploy-lock.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description: "Takes the deploy lock until it is released, by whomever.",
  options: {
    message: { kind: "string", short: "m", placeholder: "TEXT", help: "why, for those who find it taken; required" },
  },
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, options: { message = "" }, print }) {
    if (message.trim() === "") {
      throw new KdeployError("argument-missing", "kdeploy lock acquire needs --message TEXT", { exitClass: "usage" });
    }
    await acquireLock(work, message);
    if (!work.dryRun) print("The deploy lock is taken.\n");
    return 0;
  },
});
