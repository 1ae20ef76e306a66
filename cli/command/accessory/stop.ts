/** `kdeploy accessory stop`: accessories end. */
import { stopAccessories } from "../../execute/operation/accessory-container.ts";
import { accessoryChange } from "../plain-change.ts";

export const command = accessoryChange(
  stopAccessories,
  "Of one accessory, or of all. Requests to those behind the proxy end first.",
);
