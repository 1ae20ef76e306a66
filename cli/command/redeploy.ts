/** `kdeploy redeploy`: a deploy that leaves the proxy and old containers alone. */
import { redeployPlan } from "../plan/redeploy.ts";
import { carryOut } from "./carry-out.ts";
import { defineCommand } from "./command.ts";
import { DEPLOY_OPTIONS, deployOptions } from "./deploy-options.ts";

export const command = defineCommand({
  description: "Faster than deploy; for servers that have had one.",
  options: DEPLOY_OPTIONS,
  needs: "work",
  changes: true,
  async run({ config, work, options }) {
    return carryOut(work, redeployPlan(config, work.selection, deployOptions(work.version, options)));
  },
});
