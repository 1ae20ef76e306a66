/** `kdeploy proxy remove-image`: a single step of `proxy remove`. */
import { removeProxyImages } from "../../execute/operation/proxy-remove.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange(removeProxyImages);
