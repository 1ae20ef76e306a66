/** Puts CPU and memory readings around a load, and holds the columns that all load scenarios share. */
import { setInterval } from "node:timers";
import { driveWithWrk, type LoadResult, type WrkSetting } from "../load/wrk.ts";
import { cpuMicroseconds, residentBytes } from "../process/process-figures.ts";
import type { Column, Stage } from "./scenario.ts";

/** A type and not an interface, because only a type is also a record of figures. */
export type LoadFigures = {
  cpuPerRequest: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  idleBytes: number;
  peakBytes: number;
  requests: number;
  failures: number;
};

const memorySampleMs = 200;

/** Runs `drive` and returns what it cost the contender: CPU µs per request, peak memory, speed and latency. */
export async function measured(stage: Stage, drive: () => Promise<LoadResult>): Promise<LoadFigures> {
  const { pids, contender, idleBytes } = stage;
  let peakBytes = residentBytes(pids);
  const sampler = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentBytes(pids));
  }, memorySampleMs);
  const before = cpuMicroseconds(pids);
  try {
    const result = await drive();
    const cpu = cpuMicroseconds(pids) - before;
    if (contender.program.exit !== undefined) throw new Error(`died under load: ${contender.program.errorText}`);
    if (result.requests === 0) throw new Error(`no request was answered (${result.failureWords || "all hang"})`);
    return {
      cpuPerRequest: cpu / result.requests,
      perSecond: result.requests / result.seconds,
      p50Ms: result.p50Ms,
      p99Ms: result.p99Ms,
      idleBytes,
      peakBytes,
      requests: result.requests,
      failures: result.failures,
    };
  } finally {
    clearInterval(sampler);
  }
}

/** What of a wrk load the scenario decides; the rest is the stage's. */
export type WrkLoad = Pick<WrkSetting, "connections" | "headers" | "script"> & { path: string };

/** The same around a load that wrk drives at the contender. */
export function measuredWrk(stage: Stage, { path, ...load }: WrkLoad): Promise<LoadFigures> {
  const url = `http://127.0.0.1:${stage.contender.port}${path}`;
  return measured(stage, () => driveWithWrk({ url, seconds: stage.seconds, core: stage.cores.load, ...load }));
}

export const loadColumns: Column[] = [
  { key: "perSecond", heading: "req/s", format: (value) => value.toFixed(0) },
  { key: "p50Ms", heading: "p50 ms", format: (value) => value.toFixed(2) },
  { key: "p99Ms", heading: "p99 ms", format: (value) => value.toFixed(1) },
  { key: "idleBytes", heading: "RSS idle MB", format: megabytes },
  { key: "peakBytes", heading: "RSS busy MB", format: megabytes },
];

export const cpuPerRequestColumn: Column = {
  key: "cpuPerRequest",
  heading: "CPU µs/req",
  format: (value) => value.toFixed(1),
};

export function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0);
}

export function kilobytes(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}
