import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { type ControlBench, startControl } from "../../support/control-bench.ts";
import { startHealthApp } from "../../support/health-app.ts";

async function app(status = 200) {
  const app = await startHealthApp(status);
  onTestFinished(() => app.kill());
  return app;
}

async function deployed(readTargets: readonly string[] = []) {
  const bench = await startControl();
  const v1 = await app();
  await bench.deploy("web", [v1.address], { readTargets });
  return { bench, v1 };
}

/** `slot role address` of those in rotation. */
function rotation(bench: ControlBench): string[] {
  return (bench.dataPlane.route("web")?.targets ?? [])
    .filter((target) => target.inRotation)
    .map(({ slot, role, address }) => `${slot} ${role} ${address}`);
}

test("rollout targets get nobody until a split says so, and nobody after it stops [A146]", async () => {
  const { bench, v1 } = await deployed();
  const [v2, reader] = [await app(), await app()];
  const result = await bench.deployRollout("web", [v2.address], { readTargets: [reader.address] });
  expect(result).toMatchObject({ targets: [v2.address, reader.address], warnings: [] });
  expect(rotation(bench)).toEqual([
    `active writer ${v1.address}`,
    `rollout writer ${v2.address}`,
    `rollout reader ${reader.address}`,
  ]);
  expect(bench.dataPlane.route("web")?.rollout).toBeNull();
  await bench.plane.setRollout("web", { percentage: 20, allowlist: ["1"] });
  expect(bench.dataPlane.route("web")?.rollout).toEqual({ percentage: 20, allowlist: ["1"] });
  await bench.plane.setRollout("web", { percentage: 0, allowlist: ["2"] });
  expect(bench.dataPlane.route("web")?.rollout, "a split is stated whole").toEqual({ percentage: 0, allowlist: ["2"] });
  await bench.plane.stopRollout("web");
  expect(bench.dataPlane.route("web")?.rollout).toBeNull();
  expect(rotation(bench)).toHaveLength(3);
  expect(bench.log.saying("Deploying for rollout")[0]).toMatchObject({
    service: "web",
    targets: [v2.address, reader.address],
  });
  expect(bench.log.saying("Deployed for rollout")).toHaveLength(1);
  expect(bench.log.saying("Set rollout split")[0]).toMatchObject({ service: "web", percentage: 20, allowlist: ["1"] });
  expect(bench.log.saying("Stopped rollout")[0]).toMatchObject({ service: "web" });
});

test("a rollout target that never gets healthy changes nothing", async () => {
  const { bench, v1 } = await deployed();
  const bad = await app(500);
  const tables = bench.dataPlane.tables.length;
  await expect(bench.deployRollout("web", [bad.address], { deployTimeoutMs: 100 })).rejects.toMatchObject({
    code: "target-unhealthy",
    message: "target failed to become healthy within configured timeout (100ms)",
  });
  expect(bench.dataPlane.tables).toHaveLength(tables);
  expect(rotation(bench)).toEqual([`active writer ${v1.address}`]);
  await expect(bench.plane.setRollout("web", { percentage: 5, allowlist: [] })).rejects.toMatchObject({
    code: "rollout-target-not-set",
    message: "rollout target not set",
  });
  await sleep(30);
  const asked = bad.requests.length;
  await sleep(60);
  expect(bad.requests).toHaveLength(asked);
});

test("rollout targets are checked as the service's own are", async () => {
  const bench = await startControl();
  const [v1, v2] = [await app(), await app()];
  await bench.deploy("web", [v1.address], { healthCheck: { path: "/ready", host: "h.example" } });
  await bench.deployRollout("web", [v2.address]);
  expect(v2.requests[0]).toMatchObject({ url: "/ready", headers: { host: "h.example" } });
});

test("the rollout targets that are replaced drain by themselves, the active ones are left alone", async () => {
  const { bench, v1 } = await deployed();
  const [v2, v3] = [await app(), await app()];
  await bench.deployRollout("web", [v2.address]);
  await bench.plane.setRollout("web", { percentage: 50, allowlist: [] });
  bench.dataPlane.inFlight.set(v1.address, 1);
  bench.dataPlane.inFlight.set(v2.address, 1);
  const replacing = bench.deployRollout("web", [v3.address]);
  await vi.waitFor(() => expect(bench.dataPlane.drains).toHaveLength(1));
  expect(bench.dataPlane.drains[0]).toMatchObject({ addresses: [v2.address], options: { cut: true, upgraded: true } });
  expect(rotation(bench)).toEqual([`active writer ${v1.address}`, `rollout writer ${v3.address}`]);
  bench.dataPlane.inFlight.set(v2.address, 0);
  await replacing;
  expect(bench.dataPlane.route("web")?.rollout, "the split stays").toEqual({ percentage: 50, allowlist: [] });
});

test("a container that the other slot still serves from is waited for, not cut", async () => {
  const { bench } = await deployed();
  const [v2, v3] = [await app(), await app()];
  await bench.deployRollout("web", [v2.address]);
  await bench.deploy("web", [v2.address]);
  bench.dataPlane.drains.length = 0;
  await bench.deployRollout("web", [v3.address]);
  expect(bench.dataPlane.drains).toMatchObject([{ addresses: [v2.address], options: { cut: false, upgraded: false } }]);
});

test("a deploy keeps the rollout targets and their split; remove ends all of it", async () => {
  const { bench } = await deployed();
  const [v2, v3] = [await app(), await app()];
  await bench.deployRollout("web", [v2.address]);
  await bench.plane.setRollout("web", { percentage: 10, allowlist: ["x"] });
  const id = bench.dataPlane.route("web")?.targets.find((target) => target.slot === "rollout")?.id;
  await bench.deploy("web", [v3.address]);
  expect(rotation(bench)).toEqual([`active writer ${v3.address}`, `rollout writer ${v2.address}`]);
  expect(bench.dataPlane.route("web")?.targets.at(-1)?.id, "nothing was cut").toBe(id);
  expect(bench.dataPlane.route("web")?.rollout).toEqual({ percentage: 10, allowlist: ["x"] });
  await bench.plane.remove("web");
  await sleep(30);
  const asked = v2.requests.length;
  await sleep(60);
  expect(v2.requests, "checks have stopped").toHaveLength(asked);
  await bench.deploy("web", [v3.address]);
  expect(rotation(bench)).toEqual([`active writer ${v3.address}`]);
  expect(bench.dataPlane.route("web")?.rollout).toBeNull();
});

test("pause drains both slots", async () => {
  const { bench, v1 } = await deployed();
  const v2 = await app();
  await bench.deployRollout("web", [v2.address]);
  await bench.plane.pause("web", { drainTimeoutMs: 100, maxPauseMs: 100 }, () => undefined);
  expect(bench.dataPlane.drains.at(-1)?.addresses).toEqual([v1.address, v2.address]);
  await bench.plane.stop("web", { drainTimeoutMs: 100, message: "" }, () => undefined);
  expect(bench.dataPlane.drains.at(-1)?.addresses).toEqual([v1.address, v2.address]);
});

test("a rollout survives a restart with its readers and its split, in rotation at once [A174]", async () => {
  const reader = await app();
  const { bench, v1 } = await deployed([reader.address]);
  const v2 = await app();
  await bench.deployRollout("web", [v2.address], { readTargets: [reader.address] });
  await bench.plane.setRollout("web", { percentage: 33, allowlist: ["a", "b"] });
  await bench.plane.stop("web", { drainTimeoutMs: 0, message: "soon" }, () => undefined);
  const before = rotation(bench);
  await bench.end();
  const again = await startControl(bench.directory);
  expect(rotation(again)).toEqual(before);
  expect(before).toEqual([
    `active writer ${v1.address}`,
    `active reader ${reader.address}`,
    `rollout writer ${v2.address}`,
    `rollout reader ${reader.address}`,
  ]);
  expect(again.dataPlane.route("web")).toMatchObject({
    rollout: { percentage: 33, allowlist: ["a", "b"] },
    gate: { state: "stopped", message: "soon" },
  });
  v2.requests.length = 0;
  await vi.waitFor(() => expect(v2.requests.length, "checked from then on").toBeGreaterThan(0));
});

test("a split that cannot be saved does not take place", async () => {
  const { bench } = await deployed();
  const v2 = await app();
  await bench.deployRollout("web", [v2.address]);
  const path = join(bench.directory, "kdeploy-proxy.state.json");
  const before = await readFile(path, "utf8");
  bench.hooks.write = () => {
    throw new Error("EROFS: read-only file system");
  };
  await expect(bench.plane.setRollout("web", { percentage: 1, allowlist: [] })).rejects.toMatchObject({
    code: "state-not-saved",
  });
  expect(bench.dataPlane.route("web")?.rollout).toBeNull();
  expect(await readFile(path, "utf8")).toBe(before);
});

test("stopping a rollout that is none succeeds; an unknown service is named as such", async () => {
  const { bench } = await deployed();
  await bench.plane.stopRollout("web");
  const unknown = { code: "service-not-found", message: "service not found" };
  await expect(bench.deployRollout("x", ["127.0.0.1:1"])).rejects.toMatchObject(unknown);
  await expect(bench.plane.setRollout("x", { percentage: 1, allowlist: [] })).rejects.toMatchObject(unknown);
  await expect(bench.plane.stopRollout("x")).rejects.toMatchObject(unknown);
});

test("a rollout and a deploy of one service do not run at once; remove cancels a rollout that waits", async () => {
  const { bench, v1 } = await deployed();
  const bad = await app(500);
  const waiting = bench.deployRollout("web", [bad.address]).catch((error: unknown) => error);
  await expect(bench.deploy("web", [v1.address])).rejects.toMatchObject({ code: "deploy-in-progress" });
  await bench.plane.remove("web");
  expect(await waiting).toMatchObject({ code: "deploy-cancelled" });
  expect(bench.dataPlane.table.services).toEqual([]);
});

test("list tells of readers, rollout targets and the split, each in the order of the deploy [A63]", async () => {
  const reader = await app();
  const { bench, v1 } = await deployed([reader.address]);
  const v2 = await app();
  expect((await bench.plane.list()).services[0]?.rollout).toBeNull();
  const more = ["localhost:3", "localhost:1", "localhost:2"];
  await bench.deployRollout("web", [v2.address]);
  expect((await bench.plane.list()).services[0]?.rollout?.split).toBeNull();
  await bench.deploy("ordered", more, { hosts: ["o.example"], force: true });
  const ordered = (await bench.plane.list()).services.find(({ name }) => name === "ordered");
  expect(ordered?.targets.map(({ address }) => address)).toEqual(more);
  await bench.plane.setRollout("web", { percentage: 7, allowlist: [] });
  expect((await bench.plane.list()).services.find(({ name }) => name === "web")).toMatchObject({
    targets: [
      { address: v1.address, role: "writer", health: "healthy" },
      { address: reader.address, role: "reader", health: "healthy" },
    ],
    rollout: { targets: [{ address: v2.address, role: "writer" }], split: { percentage: 7, allowlist: [] } },
    options: { service: { hosts: [""] }, target: { healthCheck: { intervalMs: 20 } } },
  });
});

test("failing readers leave to the writers, failing writers stay where readers are", async () => {
  const [r1, r2] = [await app(), await app()];
  const { bench, v1 } = await deployed([r1.address, r2.address]);
  r1.respond(500);
  r2.respond(500);
  await vi.waitFor(() => expect(rotation(bench)).toEqual([`active writer ${v1.address}`]));
  r1.respond(200);
  await vi.waitFor(() =>
    expect(rotation(bench)).toEqual([`active writer ${v1.address}`, `active reader ${r1.address}`]),
  );
  v1.respond(500);
  await vi.waitFor(async () => expect((await bench.plane.list()).services[0]?.targets[0]?.health).toBe("unhealthy"));
  expect(rotation(bench)).toEqual([`active writer ${v1.address}`, `active reader ${r1.address}`]);
});
