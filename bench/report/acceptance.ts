/** The bars our proxy must clear set for it, compared with what was measured. */
import type { ScenarioResult } from "../rounds.ts";
import { figure, wasQuiet } from "./scenario-table.ts";

interface Bar {
  scenario: string;
  words: string;
  key: string;
  atMost: number;
  /** Whose figure; ours by default. */
  of?: string;
  /** Compares with this contender's figure; without it, the figure itself is compared. */
  relativeTo?: string;
  unit?: { divisor: number; name: string };
}

export interface Verdict {
  passed: boolean;
  line: string;
}

const kilobyte = { divisor: 1024, name: " KB" };
const megabyte = { divisor: 1024 * 1024, name: " MB" };

const bars: Bar[] = [
  { scenario: "small-get", words: "CPU per small GET", key: "cpuPerRequest", atMost: 1.6, relativeTo: "nginx" },
  {
    scenario: "small-get",
    words: "CPU per small GET",
    key: "cpuPerRequest",
    atMost: 0.25,
    relativeTo: "node-http-pipe",
  },
  {
    scenario: "small-get",
    words: "CPU with log and metrics",
    key: "cpuPerRequest",
    atMost: 1.45,
    of: "ours-observed",
    relativeTo: "ours-silent",
  },
  { scenario: "download-1mb", words: "CPU per GB down", key: "cpuPerGigabyte", atMost: 1.3, relativeTo: "haproxy" },
  { scenario: "upload-1mb", words: "CPU per GB up", key: "cpuPerGigabyte", atMost: 1.3, relativeTo: "haproxy" },
  { scenario: "small-get", words: "RSS idle", key: "idleBytes", atMost: 70 * megabyte.divisor, unit: megabyte },
  {
    scenario: "small-get",
    words: "RSS under 64 busy connections",
    key: "peakBytes",
    atMost: 130 * megabyte.divisor,
    unit: megabyte,
  },
  {
    scenario: "idle-connections",
    words: "RSS per idle connection",
    key: "bytesPerConnection",
    atMost: 10 * kilobyte.divisor,
    unit: kilobyte,
  },
  {
    scenario: "websocket-echo",
    words: "RSS per open WebSocket",
    key: "bytesPerSocket",
    atMost: 20 * kilobyte.divisor,
    unit: kilobyte,
  },
  { scenario: "deploy-under-load", words: "failed requests while switching", key: "failures", atMost: 0 },
  {
    scenario: "tls-small-get",
    words: "CPU per small GET, TLS",
    key: "cpuPerRequest",
    atMost: 0.45,
    relativeTo: "caddy",
  },
  { scenario: "h2-small-get", words: "CPU per small GET, h2", key: "cpuPerRequest", atMost: 0.45, relativeTo: "caddy" },
  // 0.8 of caddy's handshakes per second on one core are 1.25 of its CPU for each.
  {
    scenario: "tls-handshakes",
    words: "CPU per TLS handshake and GET",
    key: "cpuPerRequest",
    atMost: 1.25,
    relativeTo: "caddy",
  },
];

/** One verdict for each bar whose scenario ran with our proxy and, where the bar is relative, with the peer. */
export function verdicts(results: ScenarioResult[]): Verdict[] {
  return bars.flatMap((bar) => {
    const result = results.find(({ name }) => name === bar.scenario);
    if (!result) return [];
    const own = figure(result, bar.of ?? "ours", bar.key);
    const value = bar.relativeTo === undefined ? own : own / figure(result, bar.relativeTo, bar.key);
    return Number.isFinite(value) ? [verdict(bar, value, isDisturbed(bar, result))] : [];
  });
}

function verdict(bar: Bar, value: number, disturbed: boolean): Verdict {
  const passed = value <= bar.atMost;
  const { divisor, name } = bar.unit ?? { divisor: 1, name: "" };
  const peer = bar.relativeTo === undefined ? "" : ` × ${bar.relativeTo}`;
  const measured = `${rounded(value / divisor)}${name}${peer}`;
  const doubt = disturbed ? "; the machine was disturbed, run again" : "";
  return {
    passed,
    line: `${passed ? "pass" : "FAIL"}  ${bar.words}: ${measured} (at most ${bar.atMost / divisor}${name}${peer})${doubt}`,
  };
}

/** Only ratios of times suffer from what else the machine did. */
function isDisturbed({ of = "ours", relativeTo }: Bar, result: ScenarioResult): boolean {
  return relativeTo !== undefined && [of, relativeTo].some((name) => !wasQuiet(result, name));
}

function rounded(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}
