/** `kdeploy accessory upgrade`: accessories get the image of now, with hooks around it, host by host if wanted. */
import { accessoriesNamed } from "../../execute/operation/accessory-names.ts";
import { replaceAccessories } from "../../execute/operation/accessory-replace.ts";
import { defineCommand } from "../command.ts";
import { replaceQuestion } from "./replace-question.ts";

export const command = defineCommand({
  description:
    "Of one accessory, or of all. As reboot, with the hooks pre-accessory-upgrade and post-accessory-upgrade around each; the first is the place for a backup.",
  arguments: [{ name: "NAME" }],
  options: { rolling: { kind: "bool", help: "one host after another" } },
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, options: { rolling }, args: [name = ""], confirm }) {
    await confirm(replaceQuestion(work, accessoriesNamed(work, name), rolling));
    await replaceAccessories(work, name, { what: "Upgrade", rolling });
    return 0;
  },
});
