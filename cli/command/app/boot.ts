/** `kdeploy app boot`: the app's containers are made anew and take over, without a build. */
import { bootApp } from "../../execute/operation/app-boot.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description:
    "Boots the version that was deployed last, or the one named with --version, beside the containers that serve, and sends requests over when all are ready.",
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, shared }) {
    await bootApp(work, shared.version);
    return 0;
  },
});
