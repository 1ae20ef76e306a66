/** `kdeploy registry remove`: the registry on this machine goes, or all are logged out of the one elsewhere. */
import { removeRegistry } from "../../execute/operation/registry-remove.ts";
import { defineCommand } from "../command.ts";
import { PLACE_OPTIONS, placesOf } from "./places.ts";

export const command = defineCommand({
  description: "A registry on this machine goes with all images in it; the servers keep theirs.",
  options: PLACE_OPTIONS,
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, options }) {
    await removeRegistry(work, placesOf(options));
    return 0;
  },
});
