/** `kdeploy accessory upload`: the files of accessories go to their hosts. */
import { uploadAccessoryFiles } from "../../execute/operation/accessory-parts.ts";
import { accessoryChange } from "../plain-change.ts";

export const command = accessoryChange(uploadAccessoryFiles);
