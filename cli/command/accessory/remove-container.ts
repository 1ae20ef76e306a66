/** `kdeploy accessory remove-container`: stopped containers of accessories go. */
import { removeAccessoryContainers } from "../../execute/operation/accessory-parts.ts";
import { accessoryChange } from "../plain-change.ts";

export const command = accessoryChange(removeAccessoryContainers);
