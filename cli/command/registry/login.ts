/** `kdeploy registry login`: this machine and the servers are logged in to the registry. */
import { logInToRegistry } from "../../execute/operation/registry-setup.ts";
import { defineCommand } from "../command.ts";
import { PLACE_OPTIONS, placesOf } from "./places.ts";

export const command = defineCommand({
  description: "The password goes through standard input, and is on no command line.",
  options: PLACE_OPTIONS,
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, options }) {
    await logInToRegistry(work, placesOf(options));
    return 0;
  },
});
