/** `kdeploy version`: which kdeploy this is. */
import { VERSION } from "../version.ts";
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  options: {},
  needs: "nothing",
  changes: false,
  async run({ print }) {
    print(`${VERSION}\n`);
    return 0;
  },
});
