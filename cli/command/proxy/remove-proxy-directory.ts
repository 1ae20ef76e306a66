/** `kdeploy proxy remove-proxy-directory`: a single step of `proxy remove`. */
import { removeProxyDirectories } from "../../execute/operation/proxy-remove.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange(removeProxyDirectories);
