/** `kdeploy accessory pull-image`: the images of accessories are pulled. */
import { pullAccessoryImages } from "../../execute/operation/accessory-parts.ts";
import { accessoryChange } from "../plain-change.ts";

export const command = accessoryChange(pullAccessoryImages);
