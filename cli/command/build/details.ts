/** `kdeploy build details`: the builder that the configuration asks for, and all there are. */
import { showBuilder } from "../../execute/operation/build-builder.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  options: {},
  needs: "work",
  changes: false,
  async run({ work }) {
    await showBuilder(work);
    return 0;
  },
});
