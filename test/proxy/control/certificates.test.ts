import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type DeploySpec, startControl } from "../../support/control-bench.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { startHealthApp } from "../../support/health-app.ts";
import { newKey, problemOf, ScriptedIssuer } from "../../support/scripted-issuer.ts";

async function bed(directory?: string) {
  const issuer = new ScriptedIssuer();
  const bench = await startControl(directory, { issue: issuer.issue, peers: ["10.0.0.9:80"] });
  const app = await startHealthApp();
  onTestFinished(() => app.kill());
  const deploy = (name: string, spec: DeploySpec) => bench.deploy(name, [app.address], spec);
  const shown = (name: string) => new Map(bench.dataPlane.certificateTables.at(-1)?.names ?? []).get(name);
  return { ...bench, issuer, app, deploy, shown };
}

const TLS = { tls: { enabled: true } };
const SHOP = { hosts: ["shop.example"], service: TLS };

test("a deploy with TLS waits for the certificate, and reports it", async () => {
  const { deploy, issuer, events, shown } = await bed();
  issuer.answer = async (job) => {
    await eventually("the switch", () => events.some(({ event }) => event === "switched"));
    await pause(20);
    return issuer.issued(job);
  };
  const { warnings } = await deploy("shop", SHOP);
  expect(warnings).toEqual([]);
  expect(shown("shop.example")).toMatch(/^[0-9a-f]{32}$/);
  const words = events.flatMap((event) => (event.event === "certificate" ? [event.text] : []));
  expect(words[0]).toBe("Waiting for a certificate for shop.example from Let's Encrypt (HTTP-01)…");
  expect(words.at(-1)).toMatch(/^shop\.example: issued, valid until /);
});

test("names are known before anybody is sent to HTTPS, and until nobody is any more", async () => {
  const { deploy, plane, dataPlane, issuer } = await bed();
  issuer.answer = () => Promise.resolve(problemOf("dns"));
  const order: string[] = [];
  const { apply, useCertificates } = dataPlane;
  dataPlane.apply = (table) => {
    order.push(`routes ${table.services.map(({ tls }) => tls.enabled).join()}`);
    return apply.call(dataPlane, table);
  };
  dataPlane.useCertificates = (table) => {
    order.push(`names ${table.names.map(([name]) => name).join()}`);
    return useCertificates.call(dataPlane, table);
  };
  await deploy("shop", SHOP);
  expect(order.slice(-2)).toEqual(["names shop.example", "routes true"]);
  issuer.answer = (job) => Promise.resolve(issuer.issued(job));
  await deploy("shop", SHOP);
  order.length = 0;
  await plane.remove("shop");
  expect(order).toEqual(["routes ", "names "]);
});

test("one whose order fails is deployed, with a warning in words", async () => {
  const { deploy, issuer, dataPlane } = await bed();
  issuer.answer = () => Promise.resolve(problemOf("dns", { detail: "shop.example has no address" }));
  const { warnings } = await deploy("shop", SHOP);
  expect(warnings).toEqual([
    expect.stringMatching(/^there is no certificate for shop\.example yet: shop\.example has no address; next attempt/),
  ]);
  expect(dataPlane.route("shop")?.tls).toMatchObject({ enabled: true, automatic: true });
});

test("a first deploy orders at once; one that fails leaves nothing to be ordered", async () => {
  const { app, deploy, issuer, plane, dataPlane } = await bed();
  await app.kill();
  await expect(deploy("shop", { ...SHOP, deployTimeoutMs: 100 })).rejects.toMatchObject({ code: "target-unhealthy" });
  expect(plane.certificates()).toEqual({ certificates: [] });
  expect(issuer.orders).toHaveLength(1);
  expect(dataPlane.certificateTables.at(-1)?.names ?? []).toEqual([]);
});

test("one that fails leaves the old service and its certificates as they were [A129] [TL-12]", async () => {
  const { deploy, directory, plane, shown, issuer } = await bed();
  await deploy("shop", SHOP);
  const before = shown("shop.example");
  const certificatePath = join(directory, "c.pem");
  const privateKeyPath = join(directory, "c.key");
  const key = newKey();
  await writeFile(certificatePath, issuer.chainFor(newKey(), ["shop.example"]));
  await writeFile(privateKeyPath, key);
  const own = { ...SHOP, service: { tls: { enabled: true, certificatePath, privateKeyPath } } };
  await expect(deploy("shop", own)).rejects.toMatchObject({
    code: "certificate-unusable",
    hint: expect.stringContaining("does not belong") as string,
  });
  expect(shown("shop.example")).toBe(before);
  expect(plane.certificates().certificates).toMatchObject([{ source: "automatic", state: "valid" }]);
  await writeFile(certificatePath, issuer.chainFor(key, ["shop.example"]));
  await deploy("shop", own);
  expect(shown("shop.example")).not.toBe(before);
});

test("a host without TLS has no certificate, not even that of a wildcard", async () => {
  const { deploy, shown } = await bed();
  await deploy("wild", { hosts: ["*.example"], service: { tls: { enabled: true, dnsHook: "/bin/true" } } });
  await deploy("plain", { hosts: ["plain.example"] });
  await deploy("api", { hosts: ["shop.example"], pathPrefixes: ["/api"] });
  expect(shown("*.example")).toMatch(/^[0-9a-f]/);
  expect(shown("plain.example")).toBe("");
  expect(shown("shop.example")).toBe("");
  await deploy("shop", SHOP);
  expect(shown("shop.example")).toMatch(/^[0-9a-f]/);
});

test("clients that name no host get the certificate of the default host, always the same [TL-01] [W23]", async () => {
  const { deploy, dataPlane, shown, plane } = await bed();
  await deploy("b", { hosts: ["b.example"], service: TLS });
  const defaultId = () => dataPlane.certificateTables.at(-1)?.defaultId;
  expect(defaultId()).toBe(shown("b.example"));
  await deploy("a", { hosts: ["a.example"], service: TLS });
  expect(defaultId()).toBe(shown("a.example"));
  await plane.remove("a");
  expect(defaultId()).toBe(shown("b.example"));
  await plane.remove("b");
  expect(defaultId()).toBe("");
});

test("a restart serves what it had before any order; peers are known from the start [A147] [P1]", async () => {
  const first = await bed();
  await first.deploy("shop", SHOP);
  const before = first.shown("shop.example");
  await first.end();
  const second = await bed(first.directory);
  expect(second.shown("shop.example")).toBe(before);
  expect(second.issuer.orders).toEqual([]);
  expect(second.dataPlane.challengeTables.at(-1)).toEqual({ challenges: [], peers: ["10.0.0.9:80"] });
});

test("tables of routes that change with health alone bring no new table of certificates", async () => {
  const { deploy, dataPlane, app } = await bed();
  await deploy("shop", SHOP);
  const { length } = dataPlane.certificateTables;
  const tables = dataPlane.tables.length;
  await app.kill();
  await eventually("another routing table", () => dataPlane.tables.length > tables);
  expect(dataPlane.certificateTables).toHaveLength(length);
});

test("an on-demand service's gate and health are those of the moment when its policy is asked [A218]", async () => {
  const subjects: unknown[] = [];
  const issuer = new ScriptedIssuer();
  const bench = await startControl(undefined, {
    issue: issuer.issue,
    approve: (_, subject) => {
      subjects.push(subject);
      return Promise.resolve({ allowed: false, reason: "no" });
    },
  });
  const app = await startHealthApp();
  onTestFinished(() => app.kill());
  await bench.deploy("any", [app.address], { service: { tls: { enabled: true, onDemandUrl: "/allowed" } } });
  await bench.dataPlane.askForMissing("a.example");
  await bench.plane.stop("any", { message: "m", drainTimeoutMs: 0 }, () => undefined);
  await bench.dataPlane.askForMissing("a.example");
  expect(subjects).toEqual([
    { onDemandUrl: "/allowed", gate: { state: "running" }, targetAddress: app.address },
    { onDemandUrl: "/allowed", gate: { state: "stopped", message: "m" }, targetAddress: app.address },
  ]);
});

test("the end of the proxy gives an order up and is not held up by it", async () => {
  const { deploy, issuer, end } = await bed();
  issuer.answer = () => new Promise(() => undefined);
  const deployed = deploy("shop", SHOP);
  await eventually("the order", () => issuer.orders.length === 1);
  const startedAt = performance.now();
  const ended = end();
  await deployed.catch(() => undefined);
  await ended;
  expect(performance.now() - startedAt).toBeLessThan(4_000);
});
