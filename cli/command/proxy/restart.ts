/** `kdeploy proxy restart`: stopped and started, as it is. */
import { restartProxies } from "../../execute/operation/proxy-container.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange(restartProxies);
