import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { startControl } from "../../support/control-bench.ts";
import { startHealthApp } from "../../support/health-app.ts";

async function app(status = 200) {
  const app = await startHealthApp(status);
  onTestFinished(() => app.kill());
  return app;
}

test("remove takes the route away at once, drains nothing and ends the checks", async () => {
  const bench = await startControl();
  const v1 = await app();
  await bench.deploy("web", [v1.address]);
  bench.dataPlane.inFlight.set(v1.address, 3);
  await bench.plane.remove("web");
  expect(bench.dataPlane.table.services).toEqual([]);
  expect(bench.dataPlane.drains).toEqual([]);
  // A probe that was under way may still arrive.
  await sleep(30);
  const asked = v1.requests.length;
  await sleep(60);
  expect(v1.requests).toHaveLength(asked);
});

test("remove cancels a deploy that waits, of a known service and of a new one [W29 CS-10]", async () => {
  const bench = await startControl();
  const [v1, bad] = [await app(), await app(500)];
  await bench.deploy("web", [v1.address]);
  const redeploy = bench.deploy("web", [bad.address]).catch((error: unknown) => error);
  const first = bench.deploy("new", [bad.address], { hosts: ["n.example.com"] }).catch((error: unknown) => error);
  await bench.plane.remove("web");
  await bench.plane.remove("new");
  expect(await redeploy).toMatchObject({ code: "deploy-cancelled" });
  expect(await first).toMatchObject({
    code: "deploy-cancelled",
    message: "deploy cancelled: new was removed meanwhile",
  });
  expect(bench.dataPlane.table.services).toEqual([]);
  await bench.deploy("web", [v1.address]);
});

test("remove between a deploy's switch and its end removes what was switched to; the deploy succeeds [CS-10]", async () => {
  const bench = await startControl();
  const [v1, v2] = [await app(), await app()];
  await bench.deploy("web", [v1.address]);
  bench.dataPlane.inFlight.set(v1.address, 1);
  const deploying = bench.deploy("web", [v2.address]);
  await vi.waitFor(() => expect(bench.dataPlane.drains).toHaveLength(1));
  await bench.plane.remove("web");
  expect(bench.dataPlane.table.services).toEqual([]);
  bench.dataPlane.inFlight.clear();
  await deploying;
  expect(bench.dataPlane.table.services).toEqual([]);
});

test("remove in the very moment of the switch comes after it [CS-10]", async () => {
  const bench = await startControl();
  const v1 = await app();
  let removing: Promise<void> | undefined;
  bench.hooks.control = (step) => {
    if (step === "save") removing ??= bench.plane.remove("web");
  };
  await bench.deploy("web", [v1.address]);
  await removing;
  expect(bench.dataPlane.table.services).toEqual([]);
});

test("remove ends a pause's drain without cutting", async () => {
  const bench = await startControl();
  const v1 = await app();
  await bench.deploy("web", [v1.address]);
  bench.dataPlane.inFlight.set(v1.address, 1);
  const pausing = bench.plane.pause("web", { drainTimeoutMs: 10_000, maxPauseMs: 1 }, () => undefined);
  await vi.waitFor(() => expect(bench.dataPlane.drains).toHaveLength(1));
  await bench.plane.remove("web");
  await pausing;
});
