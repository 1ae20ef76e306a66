/** `kdeploy prune images`: images that no container has go. */
import { pruneHosts } from "../../execute/operation/prune.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange((work) => pruneHosts(work, { containers: false, images: true }));
