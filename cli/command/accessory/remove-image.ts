/** `kdeploy accessory remove-image`: images of accessories go. */
import { removeAccessoryImages } from "../../execute/operation/accessory-parts.ts";
import { accessoryChange } from "../plain-change.ts";

export const command = accessoryChange(removeAccessoryImages);
