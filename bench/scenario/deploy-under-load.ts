/** The promise itself: 20 switches while 32 clients ask without pause, and the number of requests that failed. */
import { setTimeout as sleep } from "node:timers/promises";
import { startLoad } from "../load/load-program.ts";
import { median } from "../report/statistics.ts";
import type { Figures, Scenario, Stage } from "./scenario.ts";
import { validateSmallGet } from "./small-get.ts";

const busyConnections = 32;
const switches = 20;
const pauseBetweenMs = 100;
const reportTimeoutMs = 30_000;

export const deployUnderLoad: Scenario = {
  title: `deploy under load: ${switches} switches, ${busyConnections} connections (autocannon)`,
  upstream: "files",
  upstreams: 2,
  onlyDeployable: true,
  tls: false,
  freshEachRound: true,
  measuresTime: false,
  main: { key: "failures", heading: "failed", format: (value) => value.toFixed(0) },
  columns: [
    { key: "requests", heading: "requests", format: (value) => value.toFixed(0) },
    { key: "switchMs", heading: "deploy ms", format: (value) => value.toFixed(0) },
    { key: "slowestSwitchMs", heading: "slowest", format: (value) => value.toFixed(0) },
    { key: "p99Ms", heading: "p99 ms", format: (value) => value.toFixed(1) },
    { key: "slowestMs", heading: "worst ms", format: (value) => value.toFixed(0) },
  ],
  validate: validateSmallGet,
  round,
};

/** Every switch goes through the proxy's own command line, so its start-up time is part of `deploy ms`. */
async function round({ contender, port, cores, upstreams }: Stage): Promise<Figures> {
  const { switchTo } = contender;
  if (!switchTo) throw new Error("cannot deploy");
  const load = startLoad("counting-autocannon.ts", [port, busyConnections], cores.load);
  const durations: number[] = [];
  try {
    for (let index = 0; index < switches; index += 1) {
      await sleep(pauseBetweenMs);
      const [next] = index % 2 === 0 ? upstreams.slice(1) : upstreams;
      if (!next) throw new Error("needs two upstreams");
      const startedAt = performance.now();
      await switchTo(next.port);
      durations.push(performance.now() - startedAt);
    }
    await sleep(pauseBetweenMs);
    load.send("stop");
    const counted = await load.report<Figures>(reportTimeoutMs);
    return { ...counted, switchMs: median(durations), slowestSwitchMs: Math.max(...durations) };
  } finally {
    await load.stop();
  }
}
