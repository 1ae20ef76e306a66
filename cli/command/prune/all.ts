/** `kdeploy prune all`: old containers and images go. */
import { pruneHosts } from "../../execute/operation/prune.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange((work) => pruneHosts(work, { containers: true, images: true }));
