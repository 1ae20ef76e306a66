/** `kdeploy proxy stop`: no requests reach the apps of the hosts until `proxy start`. */
import { stopProxies } from "../../execute/operation/proxy-container.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange(stopProxies);
