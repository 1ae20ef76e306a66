/** `kdeploy build create`: the builder is made, where it is missing or another one. */
import { createBuilder } from "../../execute/operation/build-builder.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work }) {
    await createBuilder(work);
    return 0;
  },
});
