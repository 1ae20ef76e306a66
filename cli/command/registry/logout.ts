/** `kdeploy registry logout`: nobody is logged in to the registry any more. */
import { logOutOfRegistry } from "../../execute/operation/registry-remove.ts";
import { defineCommand } from "../command.ts";
import { PLACE_OPTIONS, placesOf } from "./places.ts";

export const command = defineCommand({
  options: PLACE_OPTIONS,
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, options }) {
    await logOutOfRegistry(work, placesOf(options));
    return 0;
  },
});
