/** `kdeploy proxy start`: the proxy that was stopped runs again. */
import { startProxies } from "../../execute/operation/proxy-container.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange(startProxies);
