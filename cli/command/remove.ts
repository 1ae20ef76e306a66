/** `kdeploy remove`: app, accessories, proxy and login go from the servers. */
import { removeEverything } from "../execute/operation/remove-everything.ts";
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  description:
    "With all their data in the directories of accessories. The proxy stays on hosts where other apps need it.",
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ config, work, confirm }) {
    const where = work.selection.hosts.join(", ");
    await confirm(
      `This removes all containers, images and accessory data of ${config.service} from ${where}. Are you sure?`,
    );
    await removeEverything(work);
    return 0;
  },
});
