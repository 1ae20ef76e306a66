/** The proxy that everybody writes first in Node: a `node:http` server that pipes to `http.request`. */
import type { Contender } from "./contender.ts";
import { startNodeContender } from "./node-contender.ts";

export const nodeHttpPipe: Contender = {
  logs: true,
  canDeploy: false,
  speaksTls: false,
  version: () => `Node ${process.version}`,
  start: (setting) => startNodeContender("node-http-pipe-proxy.ts", setting),
};
