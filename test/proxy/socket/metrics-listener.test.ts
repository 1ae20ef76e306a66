import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import type { MetricFamily } from "../../../proxy/observe/metrics-catalogue.ts";
import { MetricsListener } from "../../../proxy/socket/metrics-listener.ts";
import { askOnce, get } from "../../support/raw-client.ts";

const TRAFFIC: readonly MetricFamily[] = [{ metric: "clientConnections", series: [{ labels: "", values: [7] }] }];

async function startListener(traffic: () => Promise<readonly MetricFamily[]> = () => Promise.resolve(TRAFFIC)) {
  const listener = await MetricsListener.listen(0, "127.0.0.1", traffic);
  onTestFinished(() => listener.close());
  return `http://127.0.0.1:${listener.port}`;
}

test.each([
  ["GET", "/metrics"],
  ["GET", "/"],
  ["POST", "/any/thing?x=1"],
  ["DELETE", "/metrics"],
])("%s %s returns the page", async (method, path) => {
  const address = await startListener();
  const response = await fetch(address + path, { method, headers: { "Accept-Encoding": "identity" } });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
  const text = await response.text();
  expect(text).toContain("\nkdeploy_proxy_client_connections 7\n");
  for (const metric of [
    /^process_resident_memory_bytes \d{7,}$/m,
    /^process_cpu_seconds_total [\d.]+$/m,
    /^process_start_time_seconds \d{10}/m,
    /^kdeploy_proxy_memory_bytes\{kind="heap_used"\} \d{6,}$/m,
    /^kdeploy_proxy_event_loop_lag_seconds\{quantile="0.99"\} [\d.]+$/m,
    /^kdeploy_proxy_uptime_seconds [\d.]+$/m,
    /^kdeploy_proxy_build_info\{node="\d+\..*",version="\d.*"\} 1$/m,
  ]) {
    expect(text).toMatch(metric);
  }
});

test("HEAD gets the fields without the page", async () => {
  const { port } = new URL(await startListener());
  const response = await askOnce(Number(port), "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD");
  expect(response.status).toBe(200);
  expect(response.body).toBe("");
});

test.each([
  ["gzip", true],
  ["deflate, GZIP;q=0.5", true],
  ["gzip;q=0", false],
  ["gzip; q=0.000", false],
  ["x-gzip", false],
  ["", false],
])("Accept-Encoding %j: packed %s", async (accepted, packed) => {
  const { port } = new URL(await startListener());
  const response = await askOnce(
    Number(port),
    get("/metrics", "a", `Accept-Encoding: ${accepted}\r\nConnection: close\r\n`),
  );
  const coding = response.fields.find(([name]) => name.toLowerCase() === "content-encoding")?.[1];
  expect(coding).toBe(packed ? "gzip" : undefined);
  const text = packed ? gunzipSync(Buffer.from(response.body, "latin1")).toString() : response.body;
  expect(text).toContain("kdeploy_proxy_client_connections 7");
});

test("scrapers that come at the same time share one page", async () => {
  let pages = 0;
  const address = await startListener(async () => {
    pages++;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return TRAFFIC;
  });
  await Promise.all(Array.from({ length: 8 }, async () => (await fetch(address)).text()));
  expect(pages).toBe(1);
  await (await fetch(address)).text();
  expect(pages).toBe(2);
});

test("a page that fails is a 500, and the next one is tried", async () => {
  let fails = true;
  const address = await startListener(() => (fails ? Promise.reject(new Error("no")) : Promise.resolve(TRAFFIC)));
  expect((await fetch(address)).status).toBe(500);
  fails = false;
  expect((await fetch(address)).status).toBe(200);
});

test("a port that is taken is an error in the words of the other listeners", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => {
    other.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  await expect(MetricsListener.listen(port, "127.0.0.1", () => Promise.resolve([]))).rejects.toMatchObject({
    code: "address-in-use",
    message: `listen tcp 127.0.0.1:${port}: bind: address already in use`,
    hint: expect.stringContaining("--metrics-port"),
  });
});
