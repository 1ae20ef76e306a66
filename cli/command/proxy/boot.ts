/** `kdeploy proxy boot`: the proxy runs on every host that needs one. */
import { bootProxies } from "../../execute/operation/proxy-container.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange(bootProxies);
