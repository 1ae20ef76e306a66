/** `kdeploy prune containers`: containers of old versions go. */
import { pruneHosts } from "../../execute/operation/prune.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {
    retain: {
      kind: "number",
      least: 1,
      help: "how many stopped versions of each role stay (default: retain_containers of the configuration)",
    },
  },
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, options: { retain } }) {
    await pruneHosts(work, { containers: true, images: false, retain });
    return 0;
  },
});
