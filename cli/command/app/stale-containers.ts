/** `kdeploy app stale-containers`: containers that an interrupted deploy has left running. */
import { showStaleContainers, stopStaleContainers } from "../../execute/operation/app-show.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description: "Lists containers that run beside the ones that serve.",
  options: { stop: { kind: "bool", short: "s", help: "stop them" } },
  needs: "work",
  changes: ({ stop }) => stop,
  needsVersion: false,
  async run({ work, options: { stop } }) {
    await (stop ? stopStaleContainers(work) : showStaleContainers(work));
    return 0;
  },
});
