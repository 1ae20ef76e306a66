/** Clients as people have them, each asking over HTTPS again and again until told to end, each keeping what went wrong. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { credentials, Client as GrpcClient } from "@grpc/grpc-js";
import { chromium } from "playwright-core";
import { WebSocket } from "ws";
import { chat, say } from "./grpc-echo.ts";

export type Site = { readonly host: string; readonly port: number; readonly caPath: string };

export type ClientReport = { readonly asked: number; readonly failures: readonly string[] };

const run = promisify(execFile);
const MAX_FAILURES_KEPT = 20;

/** Repeats `once` until `signal` aborts; a rejection is a failure. */
async function repeat(signal: AbortSignal, once: (turn: number) => Promise<void>): Promise<ClientReport> {
  const failures: string[] = [];
  let asked = 0;
  while (!signal.aborted && failures.length < MAX_FAILURES_KEPT) {
    await once(asked).catch((error: unknown) => failures.push(error instanceof Error ? error.message : String(error)));
    asked++;
    await sleep(5);
  }
  return { asked, failures };
}

/** curl, a new connection each time. @param version what it has to have spoken: `1.1` or `2` */
export function curl(site: Site, version: "1.1" | "2", signal: AbortSignal): Promise<ClientReport> {
  const url = `https://${site.host}:${site.port}/`;
  const args = ["--silent", "--show-error", "--max-time", "20", "--cacert", site.caPath, `--http${version}`];
  const resolve = ["--resolve", `${site.host}:${site.port}:127.0.0.1`];
  return repeat(signal, async () => {
    const { stdout } = await run("curl", [...args, ...resolve, "--write-out", " %{http_code} %{http_version}", url]);
    if (!/^\{"version":"\d","sha1":"[0-9a-f]{40}"\} 200 /.test(stdout)) throw new Error(`curl got ${stdout}`);
    if (!stdout.endsWith(` ${version}`)) throw new Error(`curl spoke HTTP/${stdout.split(" ").at(-1)}`);
  });
}

/** A gRPC client on one channel: unary calls and conversations whose answers come from one version throughout. */
export async function grpc(site: Site, signal: AbortSignal): Promise<ClientReport> {
  const trusted = credentials.createSsl(readFileSync(site.caPath));
  const client = new GrpcClient(`127.0.0.1:${site.port}`, trusted, {
    "grpc.ssl_target_name_override": site.host,
    "grpc.default_authority": site.host,
  });
  const report = await repeat(signal, async (turn) => {
    const answer = await say(client, `turn ${turn}`);
    if (!/^[12]:turn \d+$/.test(answer)) throw new Error(`unary call got ${answer}`);
    const { answers, status } = await chat(client, ["a", "b", "c"]);
    const said = answers.map((text) => text.slice(2)).join("");
    const versions = new Set(answers.map((text) => text[0]));
    if (status !== 0 || said !== "abc" || versions.size !== 1)
      throw new Error(`stream got ${answers.join()} ${status}`);
  });
  client.close();
  return report;
}

/** A short WebSocket conversation over TLS, each on a connection of its own. */
export function webSocket(site: Site, signal: AbortSignal): Promise<ClientReport> {
  const ca = readFileSync(site.caPath);
  return repeat(signal, () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const options = { ca, servername: site.host, headers: { Host: site.host }, handshakeTimeout: 20_000 };
    const socket = new WebSocket(`wss://127.0.0.1:${site.port}/`, [], options);
    const answers: string[] = [];
    socket.on("open", () => socket.send("0"));
    socket.on("message", (data: Buffer) => {
      answers.push(data.toString());
      if (answers.length === 4) socket.close(1000);
      else socket.send(String(answers.length));
    });
    socket.on("error", reject);
    socket.on("close", (code) => {
      const numbers = answers.map((text) => text.split(":")[1]).join("");
      if (code === 1000 && numbers === "0123") resolve();
      else reject(new Error(`WebSocket closed with ${code} after ${answers.join()}`));
    });
    return promise;
  });
}

/** h2load: 4 connections with 8 requests in flight on each, for `seconds`. */
export async function h2load(site: Site, seconds: number): Promise<ClientReport> {
  const { stdout } = await run(
    "h2load",
    ["-D", String(seconds), "-c", "4", "-m", "8", `--connect-to=127.0.0.1:${site.port}`, `https://${site.host}/`],
    { maxBuffer: 1024 * 1024 },
  );
  const counts =
    /requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/;
  const [, done = "0", succeeded = "0", ...bad] = counts.exec(stdout) ?? [];
  const failures = done === succeeded && bad.every((count) => count === "0") ? [] : [stdout];
  if (!stdout.includes("Application protocol: h2")) failures.push("h2load did not speak h2");
  return { asked: Number(succeeded), failures };
}

/** A page in headless Chromium that fetches from its own origin, over HTTP/2. */
export async function browser(site: Site, signal: AbortSignal): Promise<ClientReport> {
  const started = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--host-resolver-rules=MAP ${site.host} 127.0.0.1`,
    ],
  });
  try {
    const page = await started.newPage({ ignoreHTTPSErrors: true });
    await page.goto(`https://${site.host}:${site.port}/`);
    const report = await repeat(signal, async () => {
      const failure = await page.evaluate<string>(FETCH_FOUR);
      if (failure !== "") throw new Error(`browser: ${failure}`);
    });
    const protocol = await page.evaluate<string>(SPOKEN_PROTOCOL);
    return { ...report, failures: [...report.failures, ...(protocol === "h2" ? [] : [`browser spoke ${protocol}`])] };
  } finally {
    await started.close();
  }
}

// Texts, not functions: they run in the page.
const FETCH_FOUR = `Promise.all([1, 2, 3, 4].map((n) =>
  fetch("/?" + n, { cache: "no-store" }).then((answer) => answer.ok ? answer.json().then(() => "") : "status " + answer.status)
)).then((words) => words.filter((word) => word !== "").join(), (error) => String(error))`;
const SPOKEN_PROTOCOL = `performance.getEntriesByType("resource").at(-1).nextHopProtocol`;
