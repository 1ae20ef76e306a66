/** `kdeploy details`: the containers of proxy, app and accessories. */
import { showAccessoryDetails } from "../execute/operation/accessory-details.ts";
import { showAppDetails } from "../execute/operation/app-show.ts";
import { showProxyDetails } from "../execute/operation/proxy-container.ts";
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: false,
  async run({ config, work }) {
    await showProxyDetails(work);
    await showAppDetails(work);
    await showAccessoryDetails(work, config.accessories);
    return 0;
  },
});
