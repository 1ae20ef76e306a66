import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { startControl } from "../../support/control-bench.ts";
import { startHealthApp } from "../../support/health-app.ts";

async function app(status = 200) {
  const app = await startHealthApp(status);
  onTestFinished(() => app.kill());
  return app;
}

test("a healthy target is switched to, and saved before traffic moves [A61] [W5]", async () => {
  const bench = await startControl();
  const v1 = await app();
  const steps: string[] = [];
  bench.hooks.control = (step) => steps.push(step);
  const result = await bench.deploy("web", [v1.address], { hosts: ["App.Example.com."] });
  expect(result.warnings).toEqual([]);
  expect(bench.dataPlane.route("web")).toMatchObject({
    hosts: ["app.example.com"],
    pathPrefixes: ["/"],
    gate: { state: "running" },
    healthCheckPath: "/up",
    targets: [{ address: v1.address, inRotation: true }],
  });
  expect(steps).toEqual(["healthy", "probed-again", "save", "saved", "applied", "draining", "drained"]);
  expect(bench.events).toContainEqual({ event: "probe", target: v1.address, text: "healthy (200)", tries: 1 });
  expect(bench.log.saying("Deployed")[0]).toMatchObject({ service: "web", targets: [v1.address], tls: false });
  expect(v1.requests[0]?.headers).toMatchObject({ "user-agent": "kamal-proxy", host: v1.address });
});

test("the old target drains after the switch, and only then does the deploy return", async () => {
  const bench = await startControl();
  const [v1, v2] = [await app(), await app()];
  await bench.deploy("web", [v1.address]);
  bench.dataPlane.inFlight.set(v1.address, 2);
  let done = false;
  const second = bench.deploy("web", [v2.address]).finally(() => (done = true));
  await vi.waitFor(() => expect(bench.dataPlane.drains).toHaveLength(1));
  expect(bench.dataPlane.rotation("web")).toEqual([v2.address]);
  expect(done).toBe(false);
  expect(bench.dataPlane.drains[0]).toMatchObject({
    addresses: [v1.address],
    options: { timeoutMs: 1_000, cut: true, upgraded: true },
  });
  bench.dataPlane.inFlight.set(v1.address, 0);
  expect((await second).drained).toEqual({ completed: 2, cut: 0 });
  expect(bench.events).toContainEqual({ event: "draining", inFlight: 2 });
});

test("a target that never gets healthy changes nothing and is explained [W10]", async () => {
  const bench = await startControl();
  const [v1, v2] = [await app(), await app(500)];
  await bench.deploy("web", [v1.address]);
  v2.respond(500, {}, "<html><style>x{}</style><h1>NoMethodError</h1> in HomeController");
  const tables = bench.dataPlane.tables.length;
  await expect(bench.deploy("web", [v2.address], { deployTimeoutMs: 150 })).rejects.toMatchObject({
    code: "target-unhealthy",
    message: "target failed to become healthy within configured timeout (150ms)",
    hint: expect.stringMatching(
      /500 Internal Server Error: "NoMethodError in HomeController" \(\d+ times\)[^]*Likely cause: the app fails/,
    ),
  });
  expect(bench.dataPlane.tables).toHaveLength(tables);
  // A probe that was under way may still arrive.
  await sleep(30);
  const asked = v2.requests.length;
  await sleep(60);
  expect(v2.requests.length, "checks have stopped").toBe(asked);
});

test("all targets have to be healthy [A65 A66]", async () => {
  const bench = await startControl();
  const [good, bad] = [await app(), await app(503)];
  await expect(bench.deploy("web", [good.address, bad.address], { deployTimeoutMs: 100 })).rejects.toMatchObject({
    hint: expect.stringContaining(bad.address),
  });
  expect(bench.dataPlane.route("web")).toBeUndefined();
  const both = bench.deploy("web", [good.address, bad.address]);
  await sleep(50);
  bad.respond(204);
  await both;
  expect(bench.dataPlane.rotation("web")).toEqual([good.address, bad.address]);
});

test("healthy, then dead before the switch: the deploy fails and the old target stays [DP-02]", async () => {
  const bench = await startControl();
  const [v1, v2] = [await app(), await app()];
  await bench.deploy("web", [v1.address]);
  let killed: Promise<void> | undefined;
  bench.hooks.control = (step) => {
    if (step === "healthy") killed = v2.kill();
  };
  await expect(bench.deploy("web", [v2.address])).rejects.toMatchObject({
    code: "target-lost",
    message: `target ${v2.address} was healthy and failed before the switch`,
    hint: expect.stringContaining("connection refused"),
  });
  await killed;
  expect(bench.dataPlane.rotation("web")).toEqual([v1.address]);
});

test("a target that is gone is refused, whether its name or its port is: the one that serves stays [DP-10]", async () => {
  const bench = await startControl();
  const [v1, gone] = [await app(), await app()];
  await bench.deploy("web", [v1.address]);
  await gone.kill();
  const saved: string[] = [];
  bench.hooks.control = (step) => saved.push(step);
  for (const [address, reason] of [
    [gone.address, "connection refused"],
    ["removed-container.invalid:3000", "removed-container.invalid"],
  ] as const) {
    await expect(bench.deploy("web", [address], { deployTimeoutMs: 200 })).rejects.toMatchObject({
      code: "target-unhealthy",
      hint: expect.stringContaining(reason),
    });
  }
  expect(saved).toEqual([]);
  expect(bench.dataPlane.rotation("web")).toEqual([v1.address]);
});

test("dead right after the switch: deployed, with a warning [DP-03]", async () => {
  const bench = await startControl();
  const [v1, v2] = [await app(), await app()];
  await bench.deploy("web", [v1.address]);
  let killed: Promise<void> | undefined;
  bench.hooks.control = (step) => {
    if (step === "applied") killed = v2.kill();
  };
  const result = await bench.deploy("web", [v2.address]);
  await killed;
  expect(result.warnings).toEqual([
    `target ${v2.address} was healthy before the switch and has failed since: connection refused`,
  ]);
  expect(bench.dataPlane.rotation("web"), "the last target is never taken out").toEqual([v2.address]);
  expect(bench.log.saying("Target failed right after the switch")).toHaveLength(1);
});

test("the same address again is a new target, and its requests are waited for but not cut [W9]", async () => {
  const bench = await startControl();
  const v1 = await app();
  await bench.deploy("web", [v1.address]);
  const before = bench.dataPlane.route("web")?.targets[0]?.id;
  bench.dataPlane.inFlight.set(v1.address, 1);
  await bench.deploy("web", [v1.address], { drainTimeoutMs: 50 });
  expect(bench.dataPlane.route("web")?.targets[0]?.id).not.toBe(before);
  expect(bench.dataPlane.drains).toMatchObject([
    { addresses: [v1.address], options: { cut: false, upgraded: false, timeoutMs: 50 } },
  ]);
});

test("--force switches at once and leaves an unhealthy single target in rotation [W7 W8]", async () => {
  const bench = await startControl();
  const v1 = await app(500);
  await bench.deploy("web", [v1.address], { force: true });
  expect(bench.dataPlane.rotation("web")).toEqual([v1.address]);
  await vi.waitFor(() => expect(v1.requests.length).toBeGreaterThan(2));
  expect(bench.dataPlane.rotation("web")).toEqual([v1.address]);
});

test("a second deploy of the same service is refused, naming the first; another service goes ahead [CS-08 CS-09]", async () => {
  const bench = await startControl();
  const [v1, v2, other] = [await app(500), await app(), await app()];
  const first = bench.deploy("web", [v1.address]);
  await expect(bench.deploy("web", [v2.address])).rejects.toMatchObject({
    code: "deploy-in-progress",
    message: expect.stringMatching(/^deploy in progress \(started 20\d\d-.*Z\)$/),
    hint: expect.stringContaining(v1.address),
  });
  await bench.deploy("other", [other.address], { hosts: ["other.example.com"] });
  v1.respond(200);
  await first;
  expect(bench.dataPlane.rotation("web")).toEqual([v1.address]);
  await bench.deploy("web", [v2.address]);
});

test("a host that another service has is refused at once, and again at the switch [A133 A134] [W29 RT-11]", async () => {
  const bench = await startControl();
  const [one, two, three] = [await app(), await app(500), await app()];
  await bench.deploy("one", [one.address], { hosts: ["a.example.com"] });
  const asked = two.requests.length;
  await expect(bench.deploy("two", [two.address], { hosts: ["A.example.com"] })).rejects.toMatchObject({
    code: "host-conflict",
    message: "host settings conflict with another service",
    hint: expect.stringContaining("one already serves a.example.com at /"),
  });
  expect(two.requests.length, "nobody waited for health").toBe(asked);
  // Both start on a free host; the slower one finds it taken.
  const slow = bench.deploy("two", [two.address], { hosts: ["b.example.com"] });
  await bench.deploy("three", [three.address], { hosts: ["b.example.com"] });
  two.respond(200);
  await expect(slow).rejects.toMatchObject({ code: "host-conflict" });
  expect(bench.dataPlane.table.services.map((service) => service.name)).toEqual(["one", "three"]);
  expect(bench.log.saying("Host settings conflict with another service")[1]).toMatchObject({ service: "three" });
});

test("a state that cannot be saved refuses the switch [ST-02]", async () => {
  const bench = await startControl();
  const [v1, v2] = [await app(), await app()];
  await bench.deploy("web", [v1.address]);
  bench.hooks.write = (step) => {
    if (step === "sync") throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  };
  await expect(bench.deploy("web", [v2.address])).rejects.toMatchObject({ code: "state-not-saved" });
  expect(bench.dataPlane.rotation("web")).toEqual([v1.address]);
  bench.hooks.write = () => undefined;
  await bench.deploy("web", [v2.address]);
  expect(bench.dataPlane.rotation("web")).toEqual([v2.address]);
});

test("a table that traffic does not take is taken back, on disk too", async () => {
  const bench = await startControl();
  const [v1, v2] = [await app(), await app()];
  await bench.deploy("web", [v1.address]);
  bench.dataPlane.applyError = new Error("worker is gone");
  await expect(bench.deploy("web", [v2.address])).rejects.toMatchObject({ code: "internal" });
  bench.dataPlane.applyError = undefined;
  await bench.end();
  const restarted = await startControl(bench.directory);
  expect(restarted.dataPlane.rotation("web")).toEqual([v1.address]);
});

test("several targets: a failing one leaves rotation while another can take its share, and comes back [W8]", async () => {
  const bench = await startControl();
  const [a, b] = [await app(), await app()];
  await bench.deploy("web", [a.address, b.address]);
  a.respond(500);
  await vi.waitFor(() => expect(bench.dataPlane.rotation("web")).toEqual([b.address]));
  expect(bench.log.saying("Target health updated").at(-1)).toMatchObject({
    target: a.address,
    state: "unhealthy",
    was: "healthy",
  });
  b.respond(500);
  await vi.waitFor(() => expect(bench.dataPlane.rotation("web")).toEqual([a.address, b.address]));
  a.respond(200);
  await vi.waitFor(() => expect(bench.dataPlane.rotation("web")).toEqual([a.address]));
});

test("closing ends a waiting deploy and leaves the old route [DP-15]", async () => {
  const bench = await startControl();
  const [v1, v2] = [await app(), await app(500)];
  await bench.deploy("web", [v1.address]);
  const waiting = bench.deploy("web", [v2.address]).catch((error: unknown) => error);
  await bench.plane.close();
  expect(await waiting).toMatchObject({ code: "shutting-down" });
  expect(bench.dataPlane.rotation("web")).toEqual([v1.address]);
  await expect(bench.deploy("web", [v1.address])).rejects.toMatchObject({ code: "shutting-down" });
});
