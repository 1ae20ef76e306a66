/** `kdeploy app live`: maintenance ends, requests reach the app again. */
import { endMaintenance } from "../../execute/operation/app-maintenance.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange(endMaintenance);
