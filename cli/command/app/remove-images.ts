/** `kdeploy app remove-images`: a single step of `app remove`. */
import { removeAppImages } from "../../execute/operation/app-remove.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange(removeAppImages);
