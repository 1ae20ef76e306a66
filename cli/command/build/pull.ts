/** `kdeploy build pull`: the servers get the image. */
import { pullVersion } from "../../execute/operation/build-deliver.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  async run({ work }) {
    await pullVersion(work);
    return 0;
  },
});
