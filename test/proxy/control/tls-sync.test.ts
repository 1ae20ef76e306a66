import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { ServiceRecord } from "../../../proxy/control/service-record.ts";
import { TlsSync } from "../../../proxy/control/tls-sync.ts";
import { readServiceOptions } from "../../../proxy/options/service-options.ts";
import { readTargetOptions } from "../../../proxy/options/target-options.ts";
import { NOTHING_CARRIED } from "../../../proxy/state/snapshot-format.ts";
import { type ControlBench, type DeploySpec, startControl } from "../../support/control-bench.ts";
import { startHealthApp } from "../../support/health-app.ts";
import { ScriptedIssuer } from "../../support/scripted-issuer.ts";

async function bed(directory?: string) {
  const issuer = new ScriptedIssuer();
  const bench = await startControl(directory, { issue: issuer.issue });
  const app = await startHealthApp();
  onTestFinished(() => app.kill());
  return { bench, deploy: (name: string, spec: DeploySpec) => bench.deploy(name, [app.address], spec) };
}

const tlsOf = (bench: ControlBench, name: string) => bench.dataPlane.route(name)?.tls;
const forwards = (bench: ControlBench, name: string) => bench.dataPlane.route(name)?.forwardHeaders;

const SHOP = { hosts: ["shop.example", "www.shop.example"] };
const API = { hosts: ["shop.example"], pathPrefixes: ["/api"] };

test("a service below a path speaks TLS as its root does, and falls back when that is removed [A161]", async () => {
  const { bench, deploy } = await bed();
  await deploy("api", API);
  expect(tlsOf(bench, "api")).toMatchObject({ enabled: false, redirect: true });
  await deploy("shop", { ...SHOP, service: { tls: { enabled: true, redirect: false } } });
  expect(tlsOf(bench, "shop")).toMatchObject({ enabled: true, redirect: false });
  expect(tlsOf(bench, "api")).toMatchObject({ enabled: true, redirect: false });
  expect((await bench.plane.list()).services.map(({ name, tls }) => [name, tls])).toEqual([
    ["api", true],
    ["shop", true],
  ]);
  await bench.plane.remove("shop");
  expect(tlsOf(bench, "api")).toMatchObject({ enabled: false, redirect: true });
});

test("the default TLS host: that of a service with TLS and a host, never an on-demand one, always the same [A159 A160] [W23]", () => {
  const record = (name: string, service: Record<string, unknown>): ServiceRecord => ({
    name,
    service: readServiceOptions(service),
    target: readTargetOptions({}),
    targets: [],
    rolloutTargets: [],
    rollout: null,
    errorPages: null,
    gate: { state: "running" },
    carried: NOTHING_CARRIED,
  });
  const plain = record("a", { hosts: ["a.example"] });
  const onDemand = record("b", { tls: { enabled: true, onDemandUrl: "/allowed" } });
  const [c, d] = ["c", "d"].map((name) => record(name, { hosts: [`${name}.example`], tls: { enabled: true } }));
  if (c === undefined || d === undefined) throw new Error("two records");
  expect(new TlsSync([]).defaultHost).toBe("");
  expect(new TlsSync([plain, onDemand]).defaultHost).toBe("");
  expect(new TlsSync([plain, d]).defaultHost).toBe("d.example");
  expect(new TlsSync([d, onDemand, c]).defaultHost).toBe("c.example");
  expect(new TlsSync([c, d, onDemand]).defaultHost).toBe("c.example");
});

test("neither a wildcard nor the default host stands in for a missing root", async () => {
  const { bench, deploy } = await bed();
  const certificate = { dnsHook: "/bin/true" };
  await deploy("wild", { hosts: ["*.example"], service: { tls: { enabled: true, ...certificate } } });
  await deploy("any", { service: { tls: { enabled: true, onDemandUrl: "/allowed" } } });
  await deploy("api", API);
  expect(tlsOf(bench, "api")).toMatchObject({ enabled: false, redirect: true });
  await deploy("default-api", { pathPrefixes: ["/v2"] });
  expect(tlsOf(bench, "default-api")).toMatchObject({ enabled: true, redirect: true });
});

test("the first host decides", async () => {
  const { bench, deploy } = await bed();
  await deploy("shop", { ...SHOP, service: { tls: { enabled: true } } });
  await deploy("api", { hosts: ["other.example", "shop.example"], pathPrefixes: ["/api"] });
  expect(tlsOf(bench, "api")?.enabled).toBe(false);
});

test("what is taken over is never saved as the service's own, and is there again after a restart [A147]", async () => {
  const { bench, deploy } = await bed();
  await deploy("any", {});
  await deploy("shop", { ...SHOP, service: { tls: { enabled: true } } });
  await deploy("api", API);
  const before = bench.dataPlane.table.services.map(({ targets, ...route }) => ({ ...route, targets: targets.length }));
  await bench.end();
  const saved = JSON.parse(await readFile(join(bench.directory, "kdeploy-proxy.state.json"), "utf8")) as {
    services: { name: string; service: { tls: { enabled: boolean } } }[];
  };
  expect(saved.services.find(({ name }) => name === "api")?.service.tls.enabled).toBe(false);
  const { bench: again } = await bed(bench.directory);
  expect(
    again.dataPlane.table.services.map(({ targets, ...route }) => ({ ...route, targets: targets.length })),
  ).toEqual(before);
  expect(tlsOf(again, "api")?.enabled).toBe(true);
});

test("a service below a path under a TLS root does not believe forwarded headers unless told to: weak point 16 [W16]", async () => {
  const { bench, deploy } = await bed();
  await deploy("api", API);
  expect(forwards(bench, "api"), "without TLS the default is to believe").toBe(true);
  await deploy("shop", { ...SHOP, service: { tls: { enabled: true } } });
  expect(forwards(bench, "shop")).toBe(false);
  expect(forwards(bench, "api")).toBe(false);
  await deploy("api", { ...API, target: { forwardHeaders: true } });
  expect(forwards(bench, "api")).toBe(true);
  await deploy("shop", { ...SHOP, target: { forwardHeaders: false } });
  expect(forwards(bench, "shop")).toBe(false);
});

test("whose business the challenges of a host are, and its HSTS, comes from the root as well", async () => {
  const { deploy, bench } = await bed();
  await deploy("shop", { ...SHOP, service: { tls: { enabled: true, hstsSeconds: 60 } } });
  await deploy("api", API);
  expect(tlsOf(bench, "api")).toEqual({ enabled: true, redirect: true, automatic: true, hstsSeconds: 60 });
  await bench.plane.remove("shop");
  expect(tlsOf(bench, "api")).toEqual({ enabled: false, redirect: true, automatic: false, hstsSeconds: 0 });
});
