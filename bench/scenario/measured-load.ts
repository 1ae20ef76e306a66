/** Puts CPU and memory readings around a load, and holds the columns that all load scenarios share. */
import { setInterval } from "node:timers";
import { driveWithH2load, type H2loadSetting } from "../load/h2load.ts";
import { driveWithWrk, type LoadCounts, type LoadResult, type WrkSetting } from "../load/wrk.ts";
import { cpuMicroseconds, residentBytes } from "../process/process-figures.ts";
import type { Column, Figures, Stage } from "./scenario.ts";

/** What every load costs. A type and not an interface, because only a type is also a record of figures. */
type CostFigures = {
  cpuPerRequest: number;
  perSecond: number;
  /** Share of one core that the contender used: 1 when the load was enough for it. */
  busyShare: number;
  idleBytes: number;
  peakBytes: number;
};

export type LoadFigures = CostFigures & Pick<LoadResult, "p50Ms" | "p99Ms" | "requests" | "failures">;

const memorySampleMs = 200;

/** Runs `drive` and returns what it cost the contender, with the counts and latencies that the load reports. */
export async function measured<Result extends LoadCounts>(
  stage: Stage,
  drive: () => Promise<Result>,
): Promise<CostFigures & Omit<Result, "seconds" | "failureWords">> {
  const { pids, contender, idleBytes } = stage;
  let peakBytes = residentBytes(pids);
  const sampler = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentBytes(pids));
  }, memorySampleMs);
  const before = cpuMicroseconds(pids);
  try {
    const { seconds, failureWords, ...result } = await drive();
    const cpu = cpuMicroseconds(pids) - before;
    if (contender.program.exit !== undefined) throw new Error(`died under load: ${contender.program.errorText}`);
    if (result.requests === 0) throw new Error(`no request was answered (${failureWords || "all hang"})`);
    return {
      ...result,
      cpuPerRequest: cpu / result.requests,
      perSecond: result.requests / seconds,
      busyShare: cpu / (seconds * 1e6),
      idleBytes,
      peakBytes,
    };
  } finally {
    clearInterval(sampler);
  }
}

/** What of a wrk load the scenario decides; the rest is the stage's. */
export type WrkLoad = Pick<WrkSetting, "connections" | "headers" | "script"> & { path: string };

/** The same around a load that wrk drives at the contender. */
export function measuredWrk(stage: Stage, { path, ...load }: WrkLoad): Promise<LoadFigures> {
  const url = `http://127.0.0.1:${stage.port}${path}`;
  return measured(stage, () => driveWithWrk({ url, seconds: stage.seconds, core: stage.cores.load, ...load }));
}

type H2loadLoad = Omit<H2loadSetting, "port" | "seconds" | "core">;

/** The same around a load that h2load drives. The handshakes of the first milliseconds are part of it. */
export async function measuredH2load(stage: Stage, load: H2loadLoad): Promise<Figures> {
  const { port, seconds, cores } = stage;
  return measured(stage, () => driveWithH2load({ port, seconds, core: cores.load, ...load }));
}

export const perSecondColumn: Column = { key: "perSecond", heading: "req/s", format: (value) => value.toFixed(0) };

export const percentileColumns: Column[] = [
  { key: "p50Ms", heading: "p50 ms", format: (value) => value.toFixed(2) },
  { key: "p99Ms", heading: "p99 ms", format: (value) => value.toFixed(1) },
];

export const memoryColumns: Column[] = [
  { key: "idleBytes", heading: "RSS idle MB", format: megabytes },
  { key: "peakBytes", heading: "RSS busy MB", format: megabytes },
];

export const loadColumns: Column[] = [perSecondColumn, ...percentileColumns, ...memoryColumns];

export const h2loadColumns: Column[] = [
  perSecondColumn,
  { key: "meanMs", heading: "mean ms", format: (value) => value.toFixed(2) },
  { key: "slowestMs", heading: "worst ms", format: (value) => value.toFixed(1) },
  ...memoryColumns,
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
