/** `kdeploy accessory directories`: the directories of accessories are made. */
import { makeAccessoryDirectories } from "../../execute/operation/accessory-parts.ts";
import { accessoryChange } from "../plain-change.ts";

export const command = accessoryChange(makeAccessoryDirectories);
