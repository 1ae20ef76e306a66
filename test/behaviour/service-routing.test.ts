/** Several services behind one proxy: whose request it is by host and path, and what of the path reaches the target. */
import { expect, test } from "vitest";
import type { Gate, ServiceRoute } from "../../proxy/route/routing-table.ts";
import { type Bed, startBed, startTarget } from "../support/bed.ts";
import { get } from "../support/raw-client.ts";
import { service } from "../support/running-proxy.ts";

/** A bed on which each name is a service with a target of that name. */
async function serving(services: Readonly<Record<string, Partial<ServiceRoute>>>): Promise<Bed> {
  const bed = await startBed();
  const routes: ServiceRoute[] = [];
  for (const [name, changes] of Object.entries(services)) {
    routes.push(service(name, [(await startTarget(name)).port], changes));
  }
  await bed.proxy.serve(...routes);
  return bed;
}

/** Who answers, and the path that it saw; or the status. */
async function answers(bed: Bed, path: string, host = "a.test"): Promise<string> {
  const response = await (await bed.connect()).ask(get(path, host));
  return response.status === 200 ? response.body.replace(" GET", "").replace(/ 0$/, "") : String(response.status);
}

test("nothing deployed is a 404; one service without host answers any [A115 A116 A121 A122 A123]", async () => {
  const bed = await startBed();
  await bed.proxy.serve();
  expect(await answers(bed, "/")).toBe("404");
  await bed.proxy.serve(service("app", [bed.app.port]));
  expect(await answers(bed, "/", "whatever.test")).toBe("app /");
  await bed.proxy.serve(service("app", [bed.app.port], { hosts: ["a.test"] }));
  expect(await answers(bed, "/", "whatever.test")).toBe("404");
  expect(await answers(bed, "/", "a.test:80")).toBe("app /");
});

test("a matched prefix is stripped, an unmatched path goes whole to the root service [A138]", async () => {
  const bed = await serving({ root: {}, app: { pathPrefixes: ["/app", "/api/internal"] } });
  for (const [path, expected] of [
    ["/app/show", "app /show"],
    ["/app", "app /"],
    ["/app/", "app /"],
    ["/app?x", "app /?x"],
    ["/app//x", "app //x"],
    ["/app/a%2Fb%20c", "app /a%2Fb%20c"],
    ["/api/internal/something?a=b", "app /something?a=b"],
    ["/api/external/something", "root /api/external/something"],
    ["/appointment", "root /appointment"],
    ["/app;x/y", "root /app;x/y"],
  ] as const) {
    expect(await answers(bed, path), path).toBe(expected);
  }
});

test("with strip off the path stays whole [A138]", async () => {
  const bed = await serving({ app: { pathPrefixes: ["/app"], stripPathPrefix: false } });
  expect(await answers(bed, "/app")).toBe("app /app");
});

test("while paused, the health path of each prefix answers, stripped or whole [A139]", async () => {
  const gate: Gate = { state: "paused", maxPauseMs: 50 };
  const bed = await serving({
    api: { pathPrefixes: ["/api"], gate },
    admin: { pathPrefixes: ["/admin"], stripPathPrefix: false, healthCheckPath: "/admin/up", gate },
  });
  for (const [path, status] of [
    ["/api/up", 200],
    ["/admin/up", 200],
    ["/api/up?x=1", 200],
    ["/api/other", 504],
    ["/api/up/", 504],
  ] as const) {
    expect((await (await bed.connect()).ask(get(path))).status, path).toBe(status);
  }
});

test("what counts as a health check: GET and HEAD on exactly that path as the target sees it [A186]", async () => {
  const gate: Gate = { state: "stopped", message: "" };
  const bed = await serving({ whole: { gate }, api: { pathPrefixes: ["/api"], stripPathPrefix: false, gate } });
  const statusOf = async (method: string, path: string) =>
    (await (await bed.connect()).ask(`${method} ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`, method)).status;
  for (const [method, path, status] of [
    ["GET", "/up", 200],
    ["HEAD", "/up", 200],
    ["GET", "/up?a", 200],
    ["POST", "/up", 503],
    ["GET", "/up/x", 503],
    ["GET", "/", 503],
    ["GET", "/api/up", 503],
  ] as const) {
    expect(await statusOf(method, path), `${method} ${path}`).toBe(status);
  }
});

test("two path services without a root: other paths are a 404 [A140]", async () => {
  const bed = await serving({ one: { pathPrefixes: ["/one"] }, two: { pathPrefixes: ["/two"] } });
  expect(await Promise.all(["/one/x", "/two/x", "/three", "/"].map((path) => answers(bed, path)))).toEqual([
    "one /x",
    "two /x",
    "404",
    "404",
  ]);
});

test("a named host's prefix wins there [A141]", async () => {
  const bed = await serving({
    one: { pathPrefixes: ["/one"] },
    two: { pathPrefixes: ["/two"] },
    named: { hosts: ["named.test"], pathPrefixes: ["/one"] },
  });
  expect(await answers(bed, "/one/x")).toBe("one /x");
  expect(await answers(bed, "/two/x")).toBe("two /x");
  expect(await answers(bed, "/one/x", "named.test")).toBe("named /x");
  expect(await answers(bed, "/", "named.test")).toBe("404");
});

test("hosts are served apart, a service without one is the fallback for others only [A119 A135 A142]", async () => {
  const bed = await serving({ one: { hosts: ["one.test"] }, two: { hosts: ["two.test"] }, rest: {} });
  expect(await answers(bed, "/", "one.test")).toBe("one /");
  expect(await answers(bed, "/", "two.test")).toBe("two /");
  expect(await answers(bed, "/", "three.test")).toBe("rest /");
});

test("wildcards get their own traffic [A143]", async () => {
  const bed = await serving({ one: { hosts: ["*.one.test"] }, two: { hosts: ["*.two.test"] }, rest: {} });
  expect(await answers(bed, "/", "a.one.test")).toBe("one /");
  expect(await answers(bed, "/", "b.two.test")).toBe("two /");
  expect(await answers(bed, "/", "two.test")).toBe("rest /");
});
