/** `kdeploy registry setup`: the registry on this machine runs, or all are logged in to the one elsewhere. */
import { setUpRegistry } from "../../execute/operation/registry-setup.ts";
import { defineCommand } from "../command.ts";
import { PLACE_OPTIONS, placesOf } from "./places.ts";

export const command = defineCommand({
  description:
    "A registry on this machine (registry/server: localhost:PORT) is started; servers need nothing for it. For any other, this machine and the servers log in.",
  options: PLACE_OPTIONS,
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, options }) {
    await setUpRegistry(work, placesOf(options));
    return 0;
  },
});
