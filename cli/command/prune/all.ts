/** `kdeploy prune all`: old containers and images go. */
import { pruneHosts } from "../../execute/operation/prune.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await pruneHosts(work, { containers: true, images: true });
    return 0;
  },
});
