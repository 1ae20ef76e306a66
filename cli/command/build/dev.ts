/** `kdeploy build dev`: an image of the working directory as it is. */
import { buildForDevelopment } from "../../execute/operation/build-dev.ts";
import { defineCommand } from "../command.ts";
import { PUSH_OPTIONS } from "./push-options.ts";

export const command = defineCommand({
  description:
    "The image gets -dirty behind its tags, and goes to this machine's Docker. Files in it that are not committed are named.",
  options: { ...PUSH_OPTIONS, output: { ...PUSH_OPTIONS.output, fallback: "docker" } },
  needs: "work",
  changes: true,
  async run({ work, options: { output, "no-cache": noCache } }) {
    await buildForDevelopment(work, { output, noCache });
    return 0;
  },
});
