/** `kdeploy build remove`: the builder is removed. */
import { deleteBuilder } from "../../execute/operation/build-builder.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await deleteBuilder(work);
    return 0;
  },
});
