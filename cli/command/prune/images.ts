/** `kdeploy prune images`: images that no container has go. */
import { pruneHosts } from "../../execute/operation/prune.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await pruneHosts(work, { containers: false, images: true });
    return 0;
  },
});
