/** `kdeploy accessory reboot`: accessories get a new container, with the image and settings of now. */
import { accessoriesNamed } from "../../execute/operation/accessory-names.ts";
import { replaceAccessories } from "../../execute/operation/accessory-replace.ts";
import { defineCommand } from "../command.ts";
import { replaceQuestion } from "./replace-question.ts";

export const command = defineCommand({
  description:
    "Of one accessory, or of all. Pulls the image, then stops the old container and starts a new one; the data stay. When the new one does not become healthy, the old one comes back.",
  arguments: [{ name: "NAME" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [name = ""], confirm }) {
    await confirm(replaceQuestion(work, accessoriesNamed(work, name), false));
    await replaceAccessories(work, name, { what: "Reboot", rolling: false });
    return 0;
  },
});
