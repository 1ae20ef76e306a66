/** `kdeploy setup`: new servers get Docker, accessories and the app. */
import { checkLocalFiles } from "../execute/accessory-files.ts";
import { setupPlan } from "../plan/setup.ts";
import { carryOut } from "./carry-out.ts";
import { defineCommand } from "./command.ts";
import { DEPLOY_OPTIONS, deployOptions } from "./deploy-options.ts";

export const command = defineCommand({
  description:
    "Installs Docker where it is missing, starts the proxy and all accessories, and deploys, under one lock.",
  options: DEPLOY_OPTIONS,
  needs: "work",
  changes: true,
  async run({ config, work, options }) {
    await checkLocalFiles(work, config.accessories);
    return carryOut(work, setupPlan(config, work.selection, deployOptions(work.version, options)));
  },
});
