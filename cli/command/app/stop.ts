/** `kdeploy app stop`: requests to the app end, then its containers. */
import { stopApp } from "../../execute/operation/app-stop.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange(stopApp);
