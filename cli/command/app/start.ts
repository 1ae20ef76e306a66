/** `kdeploy app start`: containers that were stopped run again. */
import { startApp } from "../../execute/operation/app-start.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description: "Starts the containers of the version that was deployed last, or of the one named with --version.",
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, shared }) {
    await startApp(work, shared.version);
    return 0;
  },
});
