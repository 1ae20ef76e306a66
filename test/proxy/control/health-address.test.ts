/** Where health checks go: the target's port unless another one is named, and port 80 where none is. */
import { expect, onTestFinished, test, vi } from "vitest";
import { startControl } from "../../support/control-bench.ts";
import { startHealthApp } from "../../support/health-app.ts";

test("checks go to the target's own port, or to the one that is named [A210 A211]", async () => {
  const bench = await startControl();
  const [traffic, health] = [await startHealthApp(), await startHealthApp()];
  onTestFinished(() => Promise.all([traffic.kill(), health.kill()]).then(() => undefined));
  await bench.deploy("web", [traffic.address]);
  await vi.waitFor(() => expect(traffic.requests.length).toBeGreaterThan(0));
  expect(health.requests).toHaveLength(0);
  await bench.deploy("other", [traffic.address], { hosts: ["other.test"], healthCheck: { port: health.port } });
  await vi.waitFor(() => expect(health.requests.length).toBeGreaterThan(0));
  expect(bench.dataPlane.rotation("other")).toEqual([traffic.address]);
});

test("a named port stands in for the one that a target lacks; without either it is port 80 [A212 A213]", async () => {
  const bench = await startControl();
  const health = await startHealthApp();
  onTestFinished(() => health.kill());
  await bench.deploy("web", ["127.0.0.1"], { healthCheck: { port: health.port } });
  expect(bench.dataPlane.rotation("web")).toEqual(["127.0.0.1:80"]);
  expect(health.requests[0]?.url).toBe("/up");
  await expect(
    bench.deploy("bare", ["no-such-app.invalid"], { hosts: ["b.test"], deployTimeoutMs: 100 }),
  ).rejects.toMatchObject({ hint: expect.stringContaining("http://no-such-app.invalid:80/up") });
});
