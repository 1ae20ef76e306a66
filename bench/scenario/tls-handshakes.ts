/** 32 clients that make a full TLS 1.3 handshake for every request: what a site's first visitors cost. */
import { startLoad } from "../load/load-program.ts";
import type { LoadResult } from "../load/wrk.ts";
import { measured, memoryColumns, percentileColumns, perSecondColumn } from "./measured-load.ts";
import type { Figures, Scenario, Stage } from "./scenario.ts";
import { validateTlsSmallGet } from "./tls-small-get.ts";

const busyConnections = 32;
const reportTimeoutMs = 30_000;

export const tlsHandshakes: Scenario = {
  title: `TLS 1.3 handshakes: ${busyConnections} at a time, none resumed, each with one GET of 1 KB and a close`,
  upstream: "files",
  upstreams: 1,
  onlyDeployable: false,
  tls: true,
  freshEachRound: false,
  measuresTime: true,
  main: { key: "cpuPerRequest", heading: "CPU µs/handshake+GET", format: (value) => value.toFixed(0) },
  columns: [
    { key: "perCpuSecond", heading: "per CPU s", format: (value) => value.toFixed(0) },
    { ...perSecondColumn, heading: "conn/s" },
    { key: "busyShare", heading: "core busy %", format: (value) => (value * 100).toFixed(0) },
    ...percentileColumns,
    ...memoryColumns,
  ],
  validate: validateTlsSmallGet,
  round,
};

/** A client's half of a handshake is no cheaper than the server's, so fast proxies wait for the load: `core busy` tells. */
async function round(stage: Stage): Promise<Figures> {
  const load = startLoad("handshake-clients.ts", [stage.port, busyConnections, stage.seconds], stage.cores.load);
  try {
    const report = () => load.report<LoadResult>(stage.seconds * 1_000 + reportTimeoutMs);
    const figures = await measured(stage, report);
    return { ...figures, perCpuSecond: 1e6 / figures.cpuPerRequest };
  } finally {
    await load.stop();
  }
}
