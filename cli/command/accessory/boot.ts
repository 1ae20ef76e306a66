/** `kdeploy accessory boot`: accessories start where they are not yet. */
import { bootAccessories } from "../../execute/operation/accessory-boot.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  description:
    "Of one accessory, or of all. Ends when each is healthy by its HEALTHCHECK, or has run for readiness_delay. An accessory that is there already stays as it is; reboot and upgrade replace it.",
  arguments: [{ name: "NAME" }],
  options: {},
  needs: "work",
  changes: true,
  needsVersion: false,
  async run({ work, args: [name = ""] }) {
    await bootAccessories(work, name);
    return 0;
  },
});
