/** `kdeploy build deliver`: the image is built, pushed, and pulled on the servers. */
import { deliverVersion } from "../../execute/operation/build-deliver.ts";
import { defineCommand } from "../command.ts";
import { NO_CACHE } from "./push-options.ts";

export const command = defineCommand({
  options: NO_CACHE,
  needs: "work",
  changes: true,
  async run({ work, options: { "no-cache": noCache } }) {
    await deliverVersion(work, noCache);
    return 0;
  },
});
