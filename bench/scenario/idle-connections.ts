/** What 10,000 clients cost that asked once and then stay connected, as browsers and balancers do. */
import { setTimeout as sleep } from "node:timers/promises";
import type { AskedAgain, Opened } from "../load/idle-clients.ts";
import { startLoad } from "../load/load-program.ts";
import { residentBytes } from "../process/process-figures.ts";
import { kilobytes, megabytes } from "./measured-load.ts";
import type { Scenario } from "./scenario.ts";
import { validateSmallGet } from "./small-get.ts";

const connections = 10_000;
const openTimeoutMs = 120_000;
const settleMs = 3_000;

export const idleConnections: Scenario = {
  title: `idle: ${connections.toLocaleString("en")} keep-alive connections that each made one request`,
  upstream: "files",
  upstreams: 1,
  onlyDeployable: false,
  tls: false,
  freshEachRound: true,
  measuresTime: false,
  main: { key: "bytesPerConnection", heading: "KB each", format: kilobytes },
  columns: [
    { key: "idleBytes", heading: "RSS idle MB", format: megabytes },
    { key: "openBytes", heading: "RSS open MB", format: megabytes },
    { key: "openSeconds", heading: "opened in s", format: (value) => value.toFixed(1) },
    { key: "stillOpen", heading: "still open", format: (value) => value.toFixed(0) },
  ],
  validate: validateSmallGet,
  round: async ({ port, pids, idleBytes, cores }) => {
    const load = startLoad("idle-clients.ts", [port, connections], cores.load);
    try {
      const opened = await load.report<Opened>(openTimeoutMs);
      await sleep(settleMs);
      const openBytes = residentBytes(pids);
      load.send("ask again");
      const { stillOpen, failures } = await load.report<AskedAgain>(openTimeoutMs);
      return {
        bytesPerConnection: (openBytes - idleBytes) / connections,
        idleBytes,
        openBytes,
        openSeconds: opened.seconds,
        stillOpen,
        requests: opened.requests,
        failures: opened.failures + failures,
      };
    } finally {
      await load.stop();
    }
  },
};
