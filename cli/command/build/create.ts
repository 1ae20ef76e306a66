/** `kdeploy build create`: the builder is made, where it is missing or another one. */
import { createBuilder } from "../../execute/operation/build-builder.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange(createBuilder);
