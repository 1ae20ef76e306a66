/** `kdeploy accessory remove-service-directory`: files and data of accessories go. */
import { removeAccessoryDirectories } from "../../execute/operation/accessory-parts.ts";
import { accessoryChange } from "../plain-change.ts";

export const command = accessoryChange(removeAccessoryDirectories);
