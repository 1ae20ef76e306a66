/** Drives a proxy with wrk for a fixed time and returns what wrk counted. */
import { fileURLToPath } from "node:url";
import { runToEnd } from "../process/program.ts";

export interface WrkSetting {
  url: string;
  connections: number;
  seconds: number;
  core: number | undefined;
  headers?: string[];
  script?: "report.lua" | "upload.lua";
}

/** What any load counts. */
export interface LoadCounts {
  requests: number;
  seconds: number;
  /** Every request that was not answered with 2xx or 3xx, whatever the reason. */
  failures: number;
  failureWords: string;
}

export interface LoadResult extends LoadCounts {
  p50Ms: number;
  p99Ms: number;
}

interface WrkLine {
  requests: number;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
  failedConnects: number;
  failedReads: number;
  failedWrites: number;
  wrongStatus: number;
  timeouts: number;
}

export async function driveWithWrk(setting: WrkSetting): Promise<LoadResult> {
  const script = fileURLToPath(new URL(setting.script ?? "report.lua", import.meta.url));
  const headers = (setting.headers ?? []).flatMap((header) => ["-H", header]);
  const args = [
    "-t1",
    `-c${setting.connections}`,
    `-d${setting.seconds}s`,
    "--timeout",
    "5s",
    "-s",
    script,
    ...headers,
  ];
  const lines = await runToEnd("wrk", [...args, setting.url], {
    core: setting.core,
    timeoutMs: (setting.seconds + 20) * 1_000,
  });
  const report = lines.find((line) => line.startsWith('{"requests"'));
  if (!report) throw new Error(`wrk printed no report: ${lines.join(" ")}`);
  return counted(JSON.parse(report) as WrkLine);
}

function counted(line: WrkLine): LoadResult {
  const { requests, seconds, p50Ms, p99Ms, ...failed } = line;
  const kinds: (keyof typeof failed)[] = ["failedConnects", "failedReads", "failedWrites", "wrongStatus", "timeouts"];
  const failures = kinds.reduce((total, kind) => total + failed[kind], 0);
  const failureWords = kinds.flatMap((kind) => (failed[kind] > 0 ? [`${kind} ${failed[kind]}`] : [])).join(", ");
  return { requests, seconds, p50Ms, p99Ms, failures, failureWords };
}
