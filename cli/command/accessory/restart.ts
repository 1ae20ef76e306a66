/** `kdeploy accessory restart`: accessories end and start again. */
import { restartAccessories } from "../../execute/operation/accessory-container.ts";
import { accessoryChange } from "../plain-change.ts";

export const command = accessoryChange(
  restartAccessories,
  "Of one accessory, or of all. Ends when each is healthy. Its image and settings stay; reboot takes those of now.",
);
