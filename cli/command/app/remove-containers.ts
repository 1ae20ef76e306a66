/** `kdeploy app remove-containers`: a single step of `app remove`. */
import { removeAppContainers } from "../../execute/operation/app-remove.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange(removeAppContainers);
