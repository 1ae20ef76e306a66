/** `kdeploy app stop`: requests to the app end, then its containers. */
import { stopApp } from "../../execute/operation/app-stop.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await stopApp(work);
    return 0;
  },
});
