/** `kdeploy rollback`: the servers go back to a version that they had. */
import { defineCommand } from "./command.ts";
import { servingSentence } from "./serving.ts";

export const command = defineCommand({
  description:
    "Without a version: the last one that was good on every server. Nothing is built or pruned; an image that is gone from a server is pulled before anything is changed.",
  arguments: [{ name: "VERSION", optional: true }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ args: [version], shared, work, report }) {
    const { rollBack } = await import("../execute/rollback.ts");
    const serving = await rollBack(work, version ?? shared.version);
    if (!work.dryRun) report({ event: "said", kind: "progress", text: servingSentence(work, serving) });
    return 0;
  },
});
