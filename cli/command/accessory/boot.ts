/** `kdeploy accessory boot`: accessories start where they are not yet. */
import { bootAccessories } from "../../execute/operation/accessory-boot.ts";
import { accessoryChange } from "../plain-change.ts";

export const command = accessoryChange(
  bootAccessories,
  "Of one accessory, or of all. Ends when each is healthy by its HEALTHCHECK, or has run for readiness_delay. An accessory that is there already stays as it is; reboot and upgrade replace it.",
);
