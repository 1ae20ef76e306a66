/** `kdeploy build remove`: the builder is removed. */
import { deleteBuilder } from "../../execute/operation/build-builder.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange(deleteBuilder);
