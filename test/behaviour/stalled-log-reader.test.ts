/** Whoever reads the log may stop: requests do not notice, memory does not grow, and what was lost is counted. */
import { once } from "node:events";
import { Agent, get } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AppProcess, startApp } from "../support/app-process.ts";
import { residentBytes } from "../support/process-memory.ts";
import { startProxyProcess } from "../support/proxy-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const STALL_MS = 120_000;
const REQUESTS_PER_SECOND = 100;
const SLOW_MS = 1_000;
const MAX_GROWTH_BYTES = 8 * 1024 * 1024;
const WARM_UP_REQUESTS = 3_000;

let app: AppProcess;

beforeAll(async () => {
  app = await startApp("bulk-app");
});

afterAll(() => app.child.end());

test("the log reader stops for two minutes at 100 requests a second [LG-01]", { timeout: 240_000 }, async () => {
  const metricsPort = await freePort();
  const flags = ["--metrics-port", String(metricsPort), "--metrics-bind", "127.0.0.1"];
  const proxy = await startProxyProcess(await temporaryDirectory(), 0, {}, flags);
  const { pid = 0, stdout } = proxy.child.process;
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  try {
    await proxy.deploy("web", [app.port]);
    for (let n = 0; n < WARM_UP_REQUESTS; n++) await ask(proxy.port, agent);
    const before = residentBytes(pid);
    stdout.pause();
    let slowest = 0;
    const startedAt = performance.now();
    const asked: Promise<void>[] = [];
    for (let n = 0; n < (STALL_MS / 1000) * REQUESTS_PER_SECOND; n++) {
      const dueAt = startedAt + (n * 1000) / REQUESTS_PER_SECOND;
      if (dueAt > performance.now()) await sleep(dueAt - performance.now());
      const askedAt = performance.now();
      asked.push(
        ask(proxy.port, agent).then(() => {
          slowest = Math.max(slowest, performance.now() - askedAt);
        }),
      );
    }
    await Promise.all(asked);
    expect(slowest).toBeLessThan(SLOW_MS);
    expect(residentBytes(pid) - before).toBeLessThan(MAX_GROWTH_BYTES);
    expect(await droppedLines(metricsPort)).toBeGreaterThan(0);
    stdout.resume();
    expect(await proxy.child.line((line) => line.includes("Log lines dropped"))).toContain('"level":"WARN"');
  } finally {
    stdout.resume();
    agent.destroy();
    await proxy.child.end();
  }
});

/** 0 would mean no metrics at all, so a free port has to be found first. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: found } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return found;
}

async function ask(proxyPort: number, agent: Agent): Promise<void> {
  const outgoing = get({ port: proxyPort, host: "127.0.0.1", agent });
  const [response] = (await once(outgoing, "response")) as [Readable & { statusCode: number }];
  expect(response.statusCode).toBe(200);
  await once(response.resume(), "end");
}

async function droppedLines(metricsPort: number): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  return Number(/^kdeploy_proxy_log_lines_dropped_total (\d+)/m.exec(page)?.[1]);
}
