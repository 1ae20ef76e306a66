/** The wall clock may be set while the proxy runs: whatever waits, waits by the monotonic clock. */
import { expect, onTestFinished, test } from "vitest";
import { HealthCheck } from "../../proxy/health/health-check.ts";
import { startBed } from "../support/bed.ts";
import { eventually, pause } from "../support/eventually.ts";
import { get } from "../support/raw-client.ts";

const YEAR_MS = 365 * 86_400_000;
const WallClock = Date;

/** Sets the process's idea of the time of day, as an administrator or NTP would. */
function setClock(byMs: number): void {
  globalThis.Date = class extends WallClock {
    constructor(value: number = WallClock.now() + byMs) {
      super(value);
    }
    static override now(): number {
      return WallClock.now() + byMs;
    }
  } as DateConstructor;
  onTestFinished(() => void (globalThis.Date = WallClock));
}

test.each([
  ["a year back", -YEAR_MS],
  ["ten years ahead", 10 * YEAR_MS],
  ["an hour ahead, as for summer", 3_600_000],
])("the clock is set %s: pauses, slow heads, idle connections and checks keep their time [ST-07]", async (_, byMs) => {
  const bed = await startBed({
    route: { gate: { state: "paused", maxPauseMs: 600 } },
    limits: { headTimeoutMs: 600, keepAliveTimeoutMs: 600 },
  });
  const health: number[] = [];
  const { port } = bed.app;
  const request = {
    host: "127.0.0.1",
    port,
    path: "/up",
    hostHeader: "a.test",
    timeoutMs: 500,
    protocol: "http1",
  } as const;
  const check = new HealthCheck({ request, intervalMs: 150 }, () => health.push(performance.now()));
  onTestFinished(() => check.stop());
  const [waiting, slow, idle] = [await bed.connect(), await bed.connect(), await bed.connect()];
  expect((await idle.ask(get("/up"))).status).toBe(200);
  const startedAt = performance.now();
  waiting.send(get("/wait"));
  slow.send("GET / HTTP/1.1\r\nHost: a.t");
  await pause(50);
  setClock(byMs);
  await pause(250);
  expect([waiting.text, slow.text, idle.ended || idle.closed]).toEqual(["", "", false]);
  expect((await waiting.read(1))[0]?.status).toBe(504);
  expect((await slow.read(1))[0]?.status).toBe(408);
  await eventually("the idle connection is closed", () => idle.ended || idle.closed);
  expect(performance.now() - startedAt).toBeGreaterThan(540);
  expect(performance.now() - startedAt).toBeLessThan(2_500);
  const seconds = (performance.now() - startedAt) / 1_000;
  expect(health.length, "no storm of checks").toBeLessThanOrEqual(Math.ceil(seconds / 0.15) + 2);
  expect(health.length).toBeGreaterThanOrEqual(3);
});
