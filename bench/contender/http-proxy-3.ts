/** http-proxy-3, the maintained successor of Node's most used proxy library. */
import { readFileSync } from "node:fs";
import type { Contender } from "./contender.ts";
import { startNodeContender } from "./node-contender.ts";

export const httpProxy3: Contender = {
  logs: true,
  canDeploy: false,
  speaksTls: false,
  version: installedVersion,
  start: (setting) => startNodeContender("http-proxy-3-proxy.ts", setting),
};

function installedVersion(): string {
  const file = new URL("../../node_modules/http-proxy-3/package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  return version;
}
