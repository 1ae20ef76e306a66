/** `kdeploy app remove`: the app goes from the servers. */
import { removeApp } from "../../execute/operation/app-remove.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description:
    "Stops the app and removes its containers; where no role of it stays on a host, its images and files too.",
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ config, work, confirm }) {
    const where = work.selection.appHosts.join(", ");
    await confirm(`This removes all containers and images of ${config.service} from ${where}. Are you sure?`);
    await removeApp(work);
    return 0;
  },
});
