import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { startControl } from "../../support/control-bench.ts";
import { startHealthApp } from "../../support/health-app.ts";

const PAUSE = { drainTimeoutMs: 1_000, maxPauseMs: 5_000 };
const ignore = () => undefined;

async function deployed() {
  const bench = await startControl();
  const app = await startHealthApp();
  onTestFinished(() => app.kill());
  await bench.deploy("web", [app.address]);
  return { bench, app };
}

test("pause closes the gate and saves it before it drains [W5]", async () => {
  const { bench, app } = await deployed();
  bench.dataPlane.inFlight.set(app.address, 1);
  const pausing = bench.plane.pause("web", PAUSE, ignore);
  await vi.waitFor(() => expect(bench.dataPlane.drains).toHaveLength(1));
  expect(bench.dataPlane.route("web")?.gate).toEqual({ state: "paused", maxPauseMs: 5_000 });
  expect(await readFile(join(bench.directory, "kdeploy-proxy.state.json"), "utf8")).toContain('"paused"');
  expect(bench.log.saying("Service drained")).toHaveLength(0);
  bench.dataPlane.inFlight.clear();
  await pausing;
  expect(bench.log.saying("Service drained")).toHaveLength(1);
});

test("resume ends a pause's drain without cutting anything [W6]", async () => {
  const { bench, app } = await deployed();
  bench.dataPlane.inFlight.set(app.address, 1);
  const startedAt = performance.now();
  const pausing = bench.plane.pause("web", { ...PAUSE, drainTimeoutMs: 10_000 }, ignore);
  await vi.waitFor(() => expect(bench.dataPlane.drains).toHaveLength(1));
  await bench.plane.resume("web");
  await pausing;
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  expect(bench.dataPlane.drains[0]?.options.signal?.aborted).toBe(true);
  expect(bench.dataPlane.route("web")?.gate).toEqual({ state: "running" });
});

test("pauses and resumes at once end as the last one says", async () => {
  const { bench } = await deployed();
  const calls = Array.from({ length: 20 }, (_, index) =>
    index % 2 === 0 ? bench.plane.pause("web", PAUSE, ignore) : bench.plane.resume("web"),
  );
  await Promise.all(calls);
  expect(bench.dataPlane.route("web")?.gate).toEqual({ state: "running" });
  await Promise.all([bench.plane.resume("web"), bench.plane.pause("web", PAUSE, ignore)]);
  expect(bench.dataPlane.route("web")?.gate.state).toBe("paused");
  const versions = bench.dataPlane.tables.map((table) => table.version);
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
});

test("stop carries its message; stop after pause replaces it", async () => {
  const { bench } = await deployed();
  await bench.plane.pause("web", PAUSE, ignore);
  await bench.plane.stop("web", { drainTimeoutMs: 0, message: "<b>Back soon</b>" }, ignore);
  expect(bench.dataPlane.route("web")?.gate).toEqual({ state: "stopped", message: "<b>Back soon</b>" });
  expect(bench.log.saying("Service stopped")[0]).toMatchObject({ service: "web" });
});

test("a pause outlives a deploy", async () => {
  const { bench, app } = await deployed();
  await bench.plane.pause("web", PAUSE, ignore);
  await bench.deploy("web", [app.address]);
  expect(bench.dataPlane.route("web")?.gate.state).toBe("paused");
});

test("a deploy that waits for health holds up neither pause, resume, stop nor list [CS-10]", async () => {
  const { bench } = await deployed();
  const slow = await startHealthApp(500);
  onTestFinished(() => slow.kill());
  const deploying = bench.deploy("web", [slow.address]);
  await bench.plane.pause("web", PAUSE, ignore);
  expect((await bench.plane.list()).deploys[0]).toMatchObject({ state: "waiting", targets: [slow.address] });
  await bench.plane.resume("web");
  await bench.plane.stop("web", { drainTimeoutMs: 0, message: "" }, ignore);
  slow.respond(200);
  await deploying;
  expect(bench.dataPlane.route("web")?.gate.state, "stopped during the wait").toBe("stopped");
});

test("a pause that cannot be saved does not take place", async () => {
  const { bench } = await deployed();
  bench.hooks.write = () => {
    throw new Error("EROFS: read-only file system");
  };
  await expect(bench.plane.pause("web", PAUSE, ignore)).rejects.toMatchObject({ code: "state-not-saved" });
  expect(bench.dataPlane.route("web")?.gate.state).toBe("running");
  expect(bench.dataPlane.drains).toHaveLength(0);
});

test("paused and stopped survive a restart, also one in the middle of the drain, and can be resumed [W1]", async () => {
  const { bench, app } = await deployed();
  bench.dataPlane.inFlight.set(app.address, 1);
  const pausing = bench.plane.pause("web", { ...PAUSE, drainTimeoutMs: 10_000 }, ignore);
  await vi.waitFor(() => expect(bench.dataPlane.drains).toHaveLength(1));
  await bench.end();
  await pausing;
  const second = await startControl(bench.directory);
  expect(second.dataPlane.route("web")?.gate).toEqual({ state: "paused", maxPauseMs: 5_000 });
  await second.plane.resume("web");
  await second.end();
  const third = await startControl(bench.directory);
  expect(third.dataPlane.route("web")?.gate).toEqual({ state: "running" });
  await third.plane.stop("web", { drainTimeoutMs: 0, message: "later" }, ignore);
  await third.end();
  const fourth = await startControl(bench.directory);
  expect(fourth.dataPlane.route("web")?.gate).toEqual({ state: "stopped", message: "later" });
});

test("an unknown service is named as such by every command", async () => {
  const bench = await startControl();
  const error = { code: "service-not-found", message: "service not found" };
  await expect(bench.plane.pause("x", PAUSE, ignore)).rejects.toMatchObject(error);
  await expect(bench.plane.stop("x", { drainTimeoutMs: 0, message: "" }, ignore)).rejects.toMatchObject(error);
  await expect(bench.plane.resume("x")).rejects.toMatchObject(error);
  await expect(bench.plane.remove("x")).rejects.toMatchObject(error);
});
