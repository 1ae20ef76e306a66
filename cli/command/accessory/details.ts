/** `kdeploy accessory details`: the containers of accessories. */
import { showAccessoryDetails } from "../../execute/operation/accessory-details.ts";
import { accessoriesNamed } from "../../execute/operation/accessory-names.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description: "Of one accessory, or of all.",
  arguments: [{ name: "NAME" }],
  options: {},
  needs: "work",
  changes: false,
  async run({ work, args: [name = ""] }) {
    await showAccessoryDetails(work, accessoriesNamed(work, name));
    return 0;
  },
});
