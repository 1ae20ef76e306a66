/** Drives a proxy with h2load for a fixed time, over TLS by HTTP/1.1 or HTTP/2, and returns what h2load counted. */
import { siteName } from "../contender/certificate.ts";
import { establishedConnections } from "../process/established-connections.ts";
import { runToEnd } from "../process/program.ts";
import type { LoadCounts } from "./wrk.ts";

export type ApplicationProtocol = "http/1.1" | "h2";

export interface H2loadSetting {
  /** Of the HTTPS listener on loopback. */
  port: number;
  path: string;
  protocol: ApplicationProtocol;
  connections: number;
  /** Requests under way on each connection at a time; more than one would be pipelining in HTTP/1.1. */
  streams: number;
  seconds: number;
  core: number | undefined;
  headers: string[];
}

/** h2load tells no percentiles. */
export interface H2loadResult extends LoadCounts {
  meanMs: number;
  slowestMs: number;
}

const extraMs = 20_000;
/** Before the end, so that connections that h2load itself closes are not taken for lost ones. */
const countBeforeEndMs = 400;

/**
 * Connects to loopback and yet asks for the site's name, as SNI and as Host. One cipher suite for all: left to choose, a
 * server takes the one it likes best, and AES-256 is not the same work as AES-128.
 */
export async function driveWithH2load(setting: H2loadSetting): Promise<H2loadResult> {
  const { port, path, protocol, connections, streams, seconds, core, headers } = setting;
  const args = [
    ...(protocol === "h2" ? ["--npn-list=h2"] : ["--h1"]),
    `-c${connections}`,
    `-m${streams}`,
    `-D${seconds}`,
    "--tls13-ciphers=TLS_AES_128_GCM_SHA256",
    "--groups=X25519",
    `--connect-to=127.0.0.1:${port}`,
    ...withoutHost(headers).flatMap((header) => ["-H", header]),
    `https://${siteName}${path}`,
  ];
  let open = connections;
  const counting = setTimeout(
    () => {
      open = establishedConnections(port);
    },
    seconds * 1_000 - countBeforeEndMs,
  );
  try {
    const lines = await runToEnd("h2load", args, { core, timeoutMs: seconds * 1_000 + extraMs });
    return withLostConnections(readH2load(lines.join("\n"), protocol), connections - open);
  } finally {
    clearTimeout(counting);
  }
}

/** When it measures by time, h2load neither opens a connection again that was cut nor counts what was lost with it. */
export function withLostConnections(result: H2loadResult, lost: number): H2loadResult {
  if (lost <= 0) return result;
  const failureWords = [result.failureWords, `lost connections ${lost}`].filter((words) => words !== "").join(", ");
  return { ...result, failures: result.failures + lost, failureWords };
}

/**
 * Reads h2load's report. "Failed" is the sum of its other kinds: errored, timed out, or answered with 4xx or 5xx.
 * @throws Error when the report is incomplete, or the connections were not what was asked for
 */
export function readH2load(text: string, protocol: ApplicationProtocol): H2loadResult {
  const requests = field(text, /^requests: .* (\d+) done,/m);
  // Nothing can be said of connections when there were none, and whoever asked finds 0 requests reason enough.
  if (requests > 0) {
    expectWords(text, "TLS Protocol", "TLSv1.3");
    expectWords(text, "Application protocol", protocol);
  }
  const errored = field(text, /^requests: .* (\d+) errored,/m);
  const timedOut = field(text, /^requests: .* (\d+) timeout$/m);
  const failures = field(text, /^requests: .* (\d+) failed,/m);
  const failureWords = Object.entries({ errored, timedOut, wrongStatus: failures - errored })
    .flatMap(([kind, count]) => (count > 0 ? [`${kind} ${count}`] : []))
    .join(", ");
  const [, slowest = "", mean = ""] = /^time for request: +\S+ +(\S+) +(\S+) /m.exec(text) ?? [];
  return {
    requests: requests - errored,
    seconds: durationMs(/^finished in (\S+),/m.exec(text)?.[1] ?? "") / 1_000,
    failures,
    failureWords,
    meanMs: durationMs(mean),
    slowestMs: durationMs(slowest),
  };
}

/** h2load takes Host and :authority from the URL. */
function withoutHost(headers: string[]): string[] {
  return headers.filter((header) => !/^host:/i.test(header));
}

function field(text: string, pattern: RegExp): number {
  const digits = pattern.exec(text)?.[1];
  if (digits === undefined) throw new Error(`h2load printed no report: ${text.slice(-500)}`);
  return Number(digits);
}

function expectWords(text: string, label: string, expected: string): void {
  const found = new RegExp(`^${label}: (.*)$`, "m").exec(text)?.[1];
  if (found !== expected) throw new Error(`${label} is ${found ?? "not told"} instead of ${expected}`);
}

const unitsInMs: Record<string, number> = { us: 0.001, ms: 1, s: 1_000 };

function durationMs(text: string): number {
  const [, value = "", unit = ""] = /^([\d.]+)(us|ms|s)$/.exec(text) ?? [];
  const unitMs = unitsInMs[unit];
  if (unitMs === undefined) throw new Error(`h2load printed no duration but "${text}"`);
  return Number(value) * unitMs;
}
