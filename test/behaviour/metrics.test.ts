/** What the metrics page says about traffic: the reference's figures, and those that compare a release with the one before. */
import { expect, test } from "vitest";
import { type Bed, type BedOptions, startBed, startTarget } from "../support/bed.ts";
import { eventually } from "../support/eventually.ts";
import { get, post } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";
import { service, target } from "../support/running-proxy.ts";
import { accepted, handshake } from "../support/websocket-handshake.ts";

function meteredBed(options: BedOptions = {}): Promise<Bed> {
  return startBed({ metrics: {}, ...options });
}

/** The value of the one series whose name and labels (any of them, any order) are given; undefined without one. */
async function figure(bed: Bed, name: string, labels: Readonly<Record<string, string>> = {}) {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  const lines = (await bed.proxy.metrics())
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const found = lines.filter((line) => wanted.every((pair) => line.includes(pair)));
  expect(found.length, `${name} ${wanted.join()}: ${found.join("\n")}`).toBeLessThan(2);
  return found[0] === undefined ? undefined : Number(found[0].slice(found[0].lastIndexOf(" ")));
}

const REQUESTS = "kamal_proxy_http_requests_total";
const IN_FLIGHT = "kamal_proxy_http_in_flight_requests";
const DURATION = "kamal_proxy_http_request_duration_seconds";

test("requests are counted by method, service and status, unknown methods as OTHER, unknown hosts without a service", async () => {
  const bed = await meteredBed({ route: { hosts: ["a.test"] } });
  const client = await bed.connect();
  await client.ask(get("/"));
  await client.ask(get("/two"));
  await client.ask(post("/", "x"));
  await client.ask("BREW /pot HTTP/1.1\r\nHost: a.test\r\n\r\n");
  await client.ask(get("/", "nobody.test"));
  expect(await figure(bed, REQUESTS, { method: "GET", service: "app", status: "200" })).toBe(2);
  expect(await figure(bed, REQUESTS, { method: "POST", service: "app", status: "200" })).toBe(1);
  expect(await figure(bed, REQUESTS, { method: "OTHER", service: "app", status: "200" })).toBe(1);
  expect(await figure(bed, REQUESTS, { method: "GET", service: "", status: "404" })).toBe(1);
  expect(await figure(bed, `${DURATION}_count`, { method: "GET", service: "app" })).toBe(2);
  expect(await figure(bed, `${DURATION}_bucket`, { method: "GET", service: "app", le: "+Inf" })).toBe(2);
  expect(await figure(bed, `${DURATION}_sum`, { method: "GET", service: "app" })).toBeGreaterThan(0);
  expect(await figure(bed, IN_FLIGHT, { service: "app" })).toBe(0);
});

test("a request is in flight from routing to its end, those that wait in a pause as well, and then also waiting", async () => {
  const bed = await meteredBed({ answer: () => null });
  const client = await bed.connect();
  client.send(get("/slow"));
  await eventually("it is sent", () => bed.app.requests.length === 1);
  expect(await figure(bed, IN_FLIGHT, { service: "app" })).toBe(1);
  expect(await figure(bed, "kdeploy_proxy_target_connections", { state: "busy" })).toBe(1);
  bed.app.connections[0]?.socket.write(okResponse("x"));
  await client.read(1);
  expect(await figure(bed, IN_FLIGHT, { service: "app" })).toBe(0);
  expect(await figure(bed, "kdeploy_proxy_target_connections", { state: "busy" })).toBe(0);
  expect(await figure(bed, "kdeploy_proxy_target_connections", { state: "idle" })).toBe(1);
  await bed.proxy.serve(service("app", [bed.app.port], { gate: { state: "paused", maxPauseMs: 10_000 } }));
  client.send(get("/waits"));
  await expect.poll(() => figure(bed, "kdeploy_proxy_waiting_requests", { service: "app" })).toBe(1);
  expect(await figure(bed, IN_FLIGHT, { service: "app" })).toBe(1);
  client.destroy();
  await expect.poll(() => figure(bed, REQUESTS, { status: "499" })).toBe(1);
  expect(await figure(bed, IN_FLIGHT, { service: "app" })).toBe(0);
});

test("an upgraded connection is one request with status 101, counted when it ends", async () => {
  const bed = await meteredBed({ answer: accepted });
  const client = await bed.connect();
  client.send(handshake());
  await client.until(() => client.text.includes("101"));
  expect(await figure(bed, REQUESTS, { status: "101" })).toBeUndefined();
  expect(await figure(bed, IN_FLIGHT, { service: "app" })).toBe(1);
  client.destroy();
  await expect.poll(() => figure(bed, REQUESTS, { status: "101" })).toBe(1);
  expect(await figure(bed, IN_FLIGHT, { service: "app" })).toBe(0);
});

test("excluded paths are not counted, whatever their method; others and longer ones are [A172]", async () => {
  const bed = await meteredBed({ route: { excludeMetricsPaths: ["/up"] } });
  const client = await bed.connect();
  await client.ask(get("/up"));
  await client.ask(get("/up?x=1"));
  await client.ask(get("/%75p"));
  await client.ask(post("/up", "x"));
  expect(await figure(bed, REQUESTS)).toBeUndefined();
  await client.ask(get("/up/nested"));
  await client.ask(get("/UP"));
  expect(await figure(bed, REQUESTS, { method: "GET" })).toBe(2);
  expect(await figure(bed, IN_FLIGHT, { service: "app" })).toBe(0);
});

test("with a stripped prefix the stripped path counts, otherwise the whole one [A172]", async () => {
  const stripped = await meteredBed({ route: { pathPrefixes: ["/api"], excludeMetricsPaths: ["/up", "/"] } });
  const first = await stripped.connect();
  await first.ask(get("/api/up"));
  await first.ask(get("/api"));
  expect(await figure(stripped, REQUESTS)).toBeUndefined();
  const whole = await meteredBed({
    route: { pathPrefixes: ["/api"], stripPathPrefix: false, excludeMetricsPaths: ["/up"] },
  });
  const second = await whole.connect();
  await second.ask(get("/api/up"));
  expect(await figure(whole, REQUESTS)).toBe(1);
});

test("an excluded path is excluded from all figures of requests, and from nothing but them [A173]", async () => {
  const bed = await meteredBed({ route: { excludeMetricsPaths: ["/up"] } });
  const client = await bed.connect();
  await client.ask(get("/up"));
  expect(await figure(bed, `${DURATION}_count`)).toBeUndefined();
  expect(await figure(bed, IN_FLIGHT, { service: "app" })).toBe(0);
  expect(await figure(bed, "kdeploy_proxy_target_requests_total", { status_class: "2xx" })).toBe(0);
  expect(await figure(bed, "kdeploy_proxy_target_response_head_seconds_count")).toBe(0);
  expect((await bed.log()).lines).toMatchObject([{ path: "/up", status: 200 }]);
  await client.ask(get("/other"));
  expect(await figure(bed, "kdeploy_proxy_target_requests_total", { status_class: "2xx" })).toBe(1);
});

test("after a cutover old and new stand side by side, each under its release", async () => {
  const bed = await meteredBed({ answer: (request) => okResponse("old", request) });
  const client = await bed.connect();
  await client.ask(get("/1"));
  await client.ask(get("/2"));
  const next = await startTarget("next", () => "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
  await bed.proxy.serve(service("app", [next.port]));
  await client.ask(get("/3"));
  const old = { release: "1", target: `127.0.0.1:${bed.app.port}` };
  const recent = { release: "2", target: `127.0.0.1:${next.port}` };
  const counts = "kdeploy_proxy_target_requests_total";
  expect(await figure(bed, counts, { ...old, status_class: "2xx" })).toBe(2);
  expect(await figure(bed, counts, { ...old, status_class: "5xx" })).toBe(0);
  expect(await figure(bed, counts, { ...recent, status_class: "2xx" })).toBe(0);
  expect(await figure(bed, counts, { ...recent, status_class: "5xx" })).toBe(1);
  for (const [labels, requests, connections] of [
    [old, 2, 1],
    [recent, 1, 1],
  ] as const) {
    expect(await figure(bed, "kdeploy_proxy_target_request_duration_seconds_count", labels)).toBe(requests);
    expect(await figure(bed, "kdeploy_proxy_target_response_head_seconds_count", labels)).toBe(requests);
    expect(await figure(bed, "kdeploy_proxy_target_connect_seconds_count", labels)).toBe(connections);
    expect(await figure(bed, "kdeploy_proxy_target_connections_opened_total", labels)).toBe(connections);
    expect(await figure(bed, "kdeploy_proxy_target_connections_reused_total", labels)).toBe(requests - connections);
  }
  // What has left the table is neither healthy nor unhealthy.
  expect(await figure(bed, "kdeploy_proxy_target_healthy", old)).toBeUndefined();
  expect(await figure(bed, "kdeploy_proxy_target_healthy", recent)).toBe(1);
});

test("health and rotation are told apart: the last target serves on although it fails", async () => {
  const bed = await meteredBed();
  const route = service("app", [bed.app.port]);
  await bed.proxy.serve({ ...route, targets: [{ ...target("app", bed.app.port), healthy: false }] });
  expect(await figure(bed, "kdeploy_proxy_target_healthy", { release: "2" })).toBe(0);
  expect(await figure(bed, "kdeploy_proxy_target_in_rotation", { release: "2" })).toBe(1);
});

test("a target that does not answer, and one that closed an idle connection, are counted as what they are", async () => {
  const bed = await meteredBed();
  const client = await bed.connect();
  await client.ask(get("/"));
  bed.app.answer = (request, connection) => {
    if (bed.app.connections.length > 1) return okResponse("again", request);
    connection.socket.destroy();
    return null;
  };
  expect((await client.ask(get("/stale"))).status).toBe(200);
  expect(await figure(bed, "kdeploy_proxy_target_stale_retries_total")).toBe(1);
  bed.app.answer = (_, connection) => {
    connection.socket.destroy();
    return null;
  };
  expect((await client.ask(post("/", "x"))).status).toBe(502);
  expect(await figure(bed, "kdeploy_proxy_target_failures_total", { reason: "closed" })).toBe(1);
  expect(await figure(bed, "kdeploy_proxy_target_requests_total", { status_class: "5xx" })).toBe(1);
});

test("drains: how many, how long, what ended by itself and what was cut", async () => {
  const bed = await meteredBed({ answer: () => null });
  const clients = [await bed.connect(), await bed.connect()];
  for (const client of clients) client.send(get("/slow"));
  await eventually("both are sent", () => bed.app.requests.length === 2);
  setTimeout(() => bed.app.connections[0]?.socket.write(okResponse("x")), 20);
  await bed.proxy.plane.drain([`app-${bed.app.port}`], { timeoutMs: 150, cut: true, upgraded: true });
  expect(await figure(bed, "kdeploy_proxy_drain_duration_seconds_count", { service: "app" })).toBe(1);
  expect(await figure(bed, "kdeploy_proxy_drain_duration_seconds_bucket", { le: "0.1" })).toBe(0);
  expect(await figure(bed, "kdeploy_proxy_drained_requests_total", { outcome: "completed" })).toBe(1);
  expect(await figure(bed, "kdeploy_proxy_drained_requests_total", { outcome: "cut" })).toBe(1);
});

test("what never became a request is counted by status", async () => {
  const bed = await meteredBed();
  const client = await bed.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  await client.read(1);
  expect(await figure(bed, "kdeploy_proxy_rejected_requests_total", { status: "400" })).toBe(1);
  expect(await figure(bed, "kdeploy_proxy_client_connections_accepted_total")).toBe(1);
  expect(await figure(bed, REQUESTS)).toBeUndefined();
});

test("series of a removed service disappear [W32]", async () => {
  const bed = await meteredBed();
  const client = await bed.connect();
  await client.ask(get("/"));
  expect(await bed.proxy.metrics()).toContain('service="app"');
  await bed.proxy.serve();
  expect(await bed.proxy.metrics()).not.toContain('service="app"');
});

test("hosts, paths, methods and user agents that clients invent make no series", async () => {
  const bed = await meteredBed({ route: { hosts: ["*.a.test", "a.test"] } });
  const client = await bed.connect();
  const lines = async () => (await bed.proxy.metrics()).split("\n").length;
  const some = async (from: number) => {
    for (let index = from; index < from + 60; index++) {
      await client.ask(`M${index} /${index} HTTP/1.1\r\nHost: h${index}.a.test\r\nUser-Agent: u${index}\r\n\r\n`);
      await client.ask(get("/", `h${index}.nowhere.test`));
    }
  };
  await some(0);
  const before = await lines();
  await some(100);
  expect(await lines()).toBe(before);
});

test("maxSeries: statuses that an app invents do not make the page grow without end", async () => {
  let status = 200;
  const bed = await meteredBed({
    metrics: { maxSeries: 20 },
    answer: () => `HTTP/1.1 ${status++} X\r\nContent-Length: 0\r\n\r\n`,
  });
  const client = await bed.connect();
  // 204 has no Content-Length, and is one of them all the same.
  for (let index = 0; index < 40; index++) await client.ask(get("/"));
  const page = await bed.proxy.metrics();
  expect(page.split("\n").filter((line) => line.startsWith(REQUESTS))).toHaveLength(17);
  expect(await figure(bed, "kdeploy_proxy_metrics_overflow_total")).toBe(23);
});

test("without metrics nothing is counted", async () => {
  const bed = await startBed();
  const client = await bed.connect();
  await client.ask(get("/"));
  expect(await bed.proxy.metrics()).toBe("");
});
