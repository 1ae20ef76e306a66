/** `kdeploy accessory start`: accessories that were stopped start again. */
import { startAccessories } from "../../execute/operation/accessory-container.ts";
import { accessoryChange } from "../plain-change.ts";

export const command = accessoryChange(startAccessories, "Of one accessory, or of all. Ends when each is healthy.");
