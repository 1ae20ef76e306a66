/** `kdeploy build push`: the image is built and pushed, unless the registry has it. */
import { pushVersion } from "../../execute/operation/build-deliver.ts";
import { defineCommand } from "../command.ts";
import { PUSH_OPTIONS } from "./push-options.ts";

export const command = defineCommand({
  description:
    "Builds a clean clone of the commit, or the directory that builder.context names. A commit that the registry has already is not built again.",
  options: PUSH_OPTIONS,
  needs: "work",
  changes: true,
  async run({ work, options: { output, "no-cache": noCache } }) {
    await pushVersion(work, { output, noCache });
    return 0;
  },
});
