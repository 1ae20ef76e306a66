/** `kdeploy proxy remove-image`: a single step of `proxy remove`. */
import { removeProxyImages } from "../../execute/operation/proxy-remove.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await removeProxyImages(work);
    return 0;
  },
});
