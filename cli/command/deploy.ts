/** `kdeploy deploy`: build, deliver, switch, clear away. */
import { deployPlan } from "../plan/deploy.ts";
import { carryOut } from "./carry-out.ts";
import { defineCommand } from "./command.ts";
import { DEPLOY_OPTIONS, deployOptions } from "./deploy-options.ts";

export const command = defineCommand({
  description:
    "Builds and pushes the image, pulls it on the servers, starts new containers beside the old ones, and sends requests over once all of them are ready. Nothing is lost when it fails: the old ones serve on.",
  options: DEPLOY_OPTIONS,
  needs: "work",
  changes: true,
  async run({ config, work, options }) {
    return carryOut(work, deployPlan(config, work.selection, deployOptions(work.version, options)));
  },
});
