/** Deploys in two steps: nothing happens before the commit, all of it happens at the commit, and it can be put back. */
import { expect, onTestFinished, test } from "vitest";
import { type ControlBench, type DeploySpec, deployRequest, startControl } from "../../support/control-bench.ts";
import { eventually } from "../../support/eventually.ts";
import { startHealthApp } from "../../support/health-app.ts";

const TTL_MS = 60_000;
const quiet = () => undefined;

async function bed() {
  const [control, old, next] = await Promise.all([startControl(), startHealthApp(), startHealthApp()]);
  onTestFinished(async () => void (await Promise.all([old.kill(), next.kill()])));
  await control.deploy("web", [old.address]);
  return { control, old, next };
}

function prepare(control: ControlBench, address: string, spec: DeploySpec = {}, ttlMs = TTL_MS) {
  return control.plane.prepare(deployRequest("web", [address], spec), ttlMs, quiet);
}

const stateOf = async (control: ControlBench) => (await control.plane.list()).deploys[0]?.state;

test("a prepared deploy has switched nothing, and its commit switches at once", async () => {
  const { control, old, next } = await bed();
  const { id, targets } = await prepare(control, next.address);
  expect(targets).toEqual([next.address]);
  expect(control.dataPlane.rotation("web")).toEqual([old.address]);
  expect(await stateOf(control)).toBe("prepared");
  const result = await control.plane.commit("web", id, quiet);
  expect(result).toMatchObject({ id, targets: [next.address], warnings: [] });
  expect(control.dataPlane.rotation("web")).toEqual([next.address]);
  expect(control.dataPlane.drains.at(-1)?.addresses).toEqual([old.address]);
});

test("preparing fails as a deploy does, and leaves nothing behind", async () => {
  const { control, old, next } = await bed();
  next.respond(503);
  await expect(prepare(control, next.address, { deployTimeoutMs: 200 })).rejects.toMatchObject({
    code: "target-unhealthy",
  });
  expect(control.dataPlane.rotation("web")).toEqual([old.address]);
  await control.deploy("web", [old.address]);
});

test("an abort forgets the targets; neither abort nor commit works twice", async () => {
  const { control, old, next } = await bed();
  const { id } = await prepare(control, next.address);
  await control.plane.abort("web", id);
  expect(control.dataPlane.rotation("web")).toEqual([old.address]);
  await expect(control.plane.abort("web", id)).rejects.toMatchObject({ code: "not-prepared" });
  await expect(control.plane.commit("web", id, quiet)).rejects.toMatchObject({ code: "not-prepared" });
  const checks = next.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(next.requests).toHaveLength(checks);
});

test("without an id an abort ends what is being prepared, or what is", async () => {
  const { control, old, next } = await bed();
  next.respond(503);
  const refused = prepare(control, next.address).catch((error: unknown) => error);
  await expect.poll(() => stateOf(control)).toBe("waiting");
  await control.plane.abort("web", "");
  expect(await refused).toMatchObject({ code: "deploy-cancelled" });
  next.respond(200);
  const { id } = await prepare(control, next.address);
  await control.plane.abort("web", "");
  await expect(control.plane.commit("web", id, quiet)).rejects.toMatchObject({ code: "not-prepared" });
  await expect(control.plane.abort("web", "")).rejects.toMatchObject({ code: "not-prepared" });
  expect(control.dataPlane.rotation("web")).toEqual([old.address]);
});

test("who prepares and never comes back undoes itself", async () => {
  const { control, old, next } = await bed();
  const { id } = await prepare(control, next.address, {}, 100);
  await expect.poll(() => stateOf(control)).toBe("failed");
  await expect(control.plane.commit("web", id, quiet)).rejects.toMatchObject({ code: "not-prepared" });
  expect(control.dataPlane.rotation("web")).toEqual([old.address]);
});

test("a target that has died since is not switched to", async () => {
  const { control, old, next } = await bed();
  const { id } = await prepare(control, next.address);
  next.respond(500);
  await expect(control.plane.commit("web", id, quiet)).rejects.toMatchObject({ code: "target-lost" });
  expect(control.dataPlane.rotation("web")).toEqual([old.address]);
});

test("another deploy of the service takes the place of a prepared one", async () => {
  const { control, next, old } = await bed();
  const first = await prepare(control, next.address);
  const second = await prepare(control, next.address);
  expect(second.id).not.toBe(first.id);
  await control.deploy("web", [old.address]);
  for (const { id } of [first, second]) {
    await expect(control.plane.commit("web", id, quiet)).rejects.toMatchObject({ code: "not-prepared" });
  }
});

test("removing the service, or the end of the proxy, ends what is prepared", async () => {
  const { control, next } = await bed();
  const { id } = await prepare(control, next.address);
  await control.plane.remove("web");
  await expect.poll(() => stateOf(control)).toBe("failed");
  await expect(control.plane.commit("web", id, quiet)).rejects.toMatchObject({ code: "not-prepared" });
  await prepare(control, next.address);
  await control.end();
});

test("a commit is put back: old targets and options serve again, the new ones drain", async () => {
  const { control, old, next } = await bed();
  const { id } = await prepare(control, next.address, { target: { targetTimeoutMs: 5_000 } });
  await control.plane.commit("web", id, quiet);
  expect(control.dataPlane.route("web")?.targetTimeoutMs).toBe(5_000);
  await control.plane.revert("web", id, quiet);
  expect(control.dataPlane.rotation("web")).toEqual([old.address]);
  expect(control.dataPlane.route("web")?.targetTimeoutMs).toBe(30_000);
  expect(control.dataPlane.drains.at(-1)?.addresses).toEqual([next.address]);
  await expect(control.plane.revert("web", id, quiet)).rejects.toMatchObject({ code: "nothing-to-revert" });
  const checks = old.requests.length;
  await eventually("the old target is checked again", () => old.requests.length > checks);
});

test("the first deploy of a service is put back by its removal", async () => {
  const [control, app] = await Promise.all([startControl(), startHealthApp()]);
  onTestFinished(() => app.kill());
  const { id } = await prepare(control, app.address);
  await control.plane.commit("web", id, quiet);
  await control.plane.revert("web", id, quiet);
  expect(control.dataPlane.route("web")).toBeUndefined();
});

test("what came after a commit is not put back", async () => {
  const { control, old, next } = await bed();
  const { id } = await prepare(control, next.address);
  await control.plane.commit("web", id, quiet);
  await control.deploy("web", [old.address]);
  await expect(control.plane.revert("web", id, quiet)).rejects.toMatchObject({ code: "nothing-to-revert" });
  expect(control.dataPlane.rotation("web")).toEqual([old.address]);
});
