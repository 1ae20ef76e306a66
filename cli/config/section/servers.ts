/** `servers`: a list of hosts for the one role web, or roles by name. Config-schema §4. */
import { containerName } from "../value-syntax.ts";
import { hostEntry, roleOrHosts } from "./role.ts";
import { arrayOrHash, choice, hash, list } from "./types.ts";

export const servers = choice(
  [list(hostEntry), hash(roleOrHosts, containerName)],
  "should be an array or a hash",
  arrayOrHash,
);

export const SERVERS_EXAMPLE = {
  web: ["192.0.2.1", { "192.0.2.2": "canary" }],
  job: { hosts: ["192.0.2.3"], cmd: "bin/jobs" },
};
