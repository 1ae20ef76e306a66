/** `kdeploy app remove-app-directories`: a single step of `app remove`. */
import { removeAppDirectories } from "../../execute/operation/app-remove.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange(removeAppDirectories);
