/** `kdeploy proxy remove-container`: a single step of `proxy remove`. */
import { removeProxyContainers } from "../../execute/operation/proxy-remove.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange(removeProxyContainers);
