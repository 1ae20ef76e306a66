import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { startControl } from "../../support/control-bench.ts";
import { startHealthApp } from "../../support/health-app.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const FILE = "kdeploy-proxy.state.json";
const entry = (name: string, host: string, targets: readonly unknown[]) => ({
  name,
  service: { hosts: [host], pathPrefixes: ["/"], stripPathPrefix: true },
  target: { healthCheck: { path: "/up?full=1", intervalMs: 20, timeoutMs: 100 } },
  targets,
  gate: { state: "running" },
});
const file = (services: readonly unknown[]) => JSON.stringify({ format: "kdeploy-proxy state", version: 1, services });

async function directoryWith(services: readonly unknown[]): Promise<string> {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, FILE), file(services));
  return directory;
}

test("without a state file there are no services", async () => {
  const bench = await startControl();
  expect(bench.dataPlane.tables).toMatchObject([{ version: 1, services: [] }]);
  expect(bench.log.saying("No previous state to restore")).toHaveLength(1);
});

test("restored targets are in rotation at once, and checked from then on [ST-08]", async () => {
  const app = await startHealthApp(500);
  onTestFinished(() => app.kill());
  const bench = await startControl(await directoryWith([entry("web", "", [app.address, "127.0.0.1:1"])]));
  expect(bench.dataPlane.rotation("web")).toEqual([app.address, "127.0.0.1:1"]);
  expect(bench.dataPlane.route("web")?.healthCheckPath).toBe("/up");
  app.respond(200);
  await vi.waitFor(() => expect(bench.dataPlane.rotation("web")).toEqual([app.address]));
  expect(app.requests.at(-1)?.url).toBe("/up?full=1");
});

test("a bad entry costs one service; it is kept word for word, listed, and cured by a deploy [W3]", async () => {
  const bad = { ...entry("bad", "b.example.com", ["127.0.0.1:1"]), gate: { state: "confused" }, extra: [1, { a: 2 }] };
  const badTarget = entry("target", "t.example.com", ["not a target"]);
  const clash = entry("clash", "a.example.com", ["127.0.0.1:1"]);
  const directory = await directoryWith([
    bad,
    entry("good", "a.example.com", ["127.0.0.1:1"]),
    badTarget,
    clash,
    "rubbish",
  ]);
  const bench = await startControl(directory);
  expect(bench.dataPlane.table.services.map((service) => service.name)).toEqual(["good"]);
  const { quarantined } = await bench.plane.list();
  expect(quarantined.map(({ name }) => name).sort()).toEqual(["(no name)", "bad", "clash", "target"]);
  expect(quarantined.find(({ name }) => name === "bad")?.reason).toMatch(/gate/);
  const app = await startHealthApp();
  onTestFinished(() => app.kill());
  await bench.plane.remove("target");
  await bench.deploy("bad", [app.address], { hosts: ["b.example.com"] });
  const saved = JSON.parse(await readFile(join(directory, FILE), "utf8")) as { services: unknown[] };
  expect(saved.services).toContainEqual("rubbish");
  expect(saved.services).not.toContainEqual(bad);
  expect((await bench.plane.list()).quarantined.map(({ name }) => name).sort()).toEqual(["(no name)", "clash"]);
  // Something else changes: what is in quarantine stays as it was.
  await bench.plane.resume("good");
  await bench.end();
  const again = await startControl(directory);
  expect((await again.plane.list()).quarantined.map(({ name }) => name).sort()).toEqual(["(no name)", "clash"]);
});

test("what a later version has added is carried through a change", async () => {
  const later = { ...entry("web", "", ["127.0.0.1:1"]), peers: { port: 5 } };
  Object.assign(later.service, { hsts: true });
  Object.assign(later.target, { retries: 2 });
  const directory = await directoryWith([later]);
  const bench = await startControl(directory);
  await bench.plane.pause("web", { drainTimeoutMs: 0, maxPauseMs: 1 }, () => undefined);
  const saved = JSON.parse(await readFile(join(directory, FILE), "utf8")) as { services: object[] };
  expect(saved.services[0]).toMatchObject({
    peers: { port: 5 },
    service: { hsts: true },
    target: { retries: 2 },
    gate: { state: "paused" },
  });
});

test("a file that this version would destroy stops the start", async () => {
  const directory = await temporaryDirectory();
  const text = JSON.stringify({ format: "kdeploy-proxy state", version: 2, services: [] });
  await writeFile(join(directory, FILE), text);
  await expect(startControl(directory)).rejects.toMatchObject({
    message: expect.stringContaining("newer kdeploy-proxy"),
  });
  expect(await readFile(join(directory, FILE), "utf8")).toBe(text);
});

test("kamal-proxy's state is taken over once, and never written", async () => {
  const directory = await temporaryDirectory();
  await mkdir(directory, { recursive: true });
  const kamal = `${JSON.stringify([
    {
      name: "old",
      active_target: "127.0.0.1:1",
      hosts: ["o.example.com"],
      pause_controller: { state: 2, stop_message: "m" },
    },
    { name: "broken", active_targets: [], options: {} },
  ])}\n`;
  await writeFile(join(directory, "kamal-proxy.state"), kamal);
  const bench = await startControl(directory);
  expect(bench.dataPlane.route("old")).toMatchObject({
    hosts: ["o.example.com"],
    gate: { state: "stopped", message: "m" },
    stripPathPrefix: false,
  });
  await bench.plane.resume("old");
  await bench.end();
  expect(await readFile(join(directory, "kamal-proxy.state"), "utf8")).toBe(kamal);
  const again = await startControl(directory);
  expect(again.dataPlane.route("old")?.gate).toEqual({ state: "running" });
  expect(again.log.saying("Restored saved state")[0]).toMatchObject({ path: join(directory, FILE) });
});

test("a damaged file is told of by list, and the generation before it serves", async () => {
  const directory = await directoryWith([entry("web", "", ["127.0.0.1:1"])]);
  await rename(join(directory, FILE), join(directory, `${FILE}.previous`));
  await writeFile(join(directory, FILE), "{");
  const bench = await startControl(directory);
  expect(bench.dataPlane.rotation("web")).toEqual(["127.0.0.1:1"]);
  expect((await bench.plane.list()).notices).toEqual([
    "State file is missing or damaged; restored the generation before it",
  ]);
});
