/** `kdeploy server bootstrap`: Docker where it is missing. */
import { bootstrapServers } from "../../execute/operation/servers.ts";
import { plainChange } from "../plain-change.ts";

export const command = plainChange(bootstrapServers);
