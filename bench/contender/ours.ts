/** kdeploy's proxy, started and deployed to exactly as a user does it, its log going to a file. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Contender } from "./contender.ts";
import { startByCommandLine } from "./kamal-command-line.ts";

const entry = fileURLToPath(new URL("../../proxy/kdeploy-proxy.mjs", import.meta.url));

export const ours: Contender = {
  logs: true,
  canDeploy: true,
  version: () => (existsSync(entry) ? `Node ${process.version}` : undefined),
  start: (setting) =>
    startByCommandLine([process.execPath, entry], ["--http-port", "0", "--bind", "127.0.0.1"], setting),
};
