/** Which service answers which host and path, and which bytes of the path its target sees. */
import { expect, test } from "vitest";
import { type Bed, startBed, startTarget } from "../support/bed.ts";
import { get } from "../support/raw-client.ts";
import { service } from "../support/running-proxy.ts";

/** a.test with `/` and `/api` (stripped), `*.wild.test`, and v.test whose prefix is kept. */
async function routedBed(): Promise<Bed> {
  const bed = await startBed();
  const [api, deep, wild, kept] = [
    await startTarget("api"),
    await startTarget("deep"),
    await startTarget("wild"),
    await startTarget("kept"),
  ];
  await bed.proxy.serve(
    service("app", [bed.app.port], { hosts: ["a.test", "__proto__"] }),
    service("api", [api.port], { hosts: ["a.test"], pathPrefixes: ["/api"] }),
    service("deep", [deep.port], { hosts: ["a.test"], pathPrefixes: ["/api/v2", "/caf\u00e9"] }),
    service("wild", [wild.port], { hosts: ["*.wild.test"] }),
    service("kept", [kept.port], { hosts: ["v.test"], pathPrefixes: ["/app"], stripPathPrefix: false }),
  );
  return bed;
}

async function answers(bed: Bed, host: string, path: string): Promise<string> {
  const client = await bed.connect();
  const response = await client.ask(get(path, host));
  client.destroy();
  return response.status === 200 ? response.body.replace(" GET", "").replace(/ 0$/, "") : String(response.status);
}

test.each([
  ["/", "app /"],
  ["/api", "api /"],
  ["/api/", "api /"],
  ["/api?q=1", "api /?q=1"],
  ["/api/users", "api /users"],
  ["/api/users/", "api /users/"],
  ["/api//users", "api //users"],
  ["/api/a%2Fb%20c", "api /a%2Fb%20c"],
  ["/api/a%zz", "api /a%zz"],
  ["/api/v2/x", "deep /x"],
  ["/api/v20", "api /v20"],
  ["/apiv2", "app /apiv2"],
  ["/API", "app /API"],
  ["//api//users", "app //api//users"],
  ["/api;v=1/x", "app /api;v=1/x"],
  ["/api..;/admin", "app /api..;/admin"],
  ["/api%2Fx", "app /api%2Fx"],
  ["/%61pi/x", "api /x"],
  ["/ap%69/%61", "api /%61"],
  ["/caf%C3%A9/x", "deep /x"],
  ["/caf%c3%a9/x", "deep /x"],
  ["/x?next=/../admin%2e", "app /x?next=/../admin%2e"],
  ["/a/..b/.well-known/...", "app /a/..b/.well-known/..."],
])("%s is answered as %s [W13 W21 RT-02 RT-03 RT-04]", async (path, wanted) => {
  expect(await answers(await routedBed(), "a.test", path)).toBe(wanted);
});

test.each([
  "/api/../admin",
  "/api/%2e%2e/admin",
  "/api/.%2E/admin",
  "/..",
  "/api/./x",
  "/api\\..\\admin",
  "/api/..;/admin",
  "/api%2f..%2fadmin",
  "/api/..%5cadmin",
])("%s could mean another prefix: 400 where prefixes decide [W21 RT-01 RT-03]", async (path) => {
  expect(await answers(await routedBed(), "a.test", path)).toBe("400");
});

test("where only `/` is served, dot segments are the target's business, byte for byte [RT-01]", async () => {
  const bed = await startBed();
  for (const path of ["/api/../admin", "/%2e%2e/x", "/a\\..\\b"])
    expect(await answers(bed, "a.test", path)).toBe(`app ${path}`);
});

test.each([
  ["A.TEST", "app /x"],
  ["a.test.", "app /x"],
  ["a.test:8080", "app /x"],
  ["A.Test.:80", "app /x"],
  ["__proto__", "app /x"],
  ["one.wild.test", "wild /x"],
  ["ONE.Wild.Test.", "wild /x"],
  ["wild.test", "404"],
  ["two.one.wild.test", "404"],
  ["*.wild.test", "400"],
  [".wild.test", "400"],
  ["constructor", "404"],
  ["a.test.evil.com", "404"],
  ["evil-a.test", "404"],
  ["127.0.0.1", "404"],
  ["[::1]", "404"],
])("host %s: %s [W22 RT-05 RT-06]", async (host, wanted) => {
  expect(await answers(await routedBed(), host, "/x")).toBe(wanted);
});

test("a prefix that is kept is kept byte for byte", async () => {
  const bed = await routedBed();
  expect(await answers(bed, "v.test", "/app/x%2Fy//z")).toBe("kept /app/x%2Fy//z");
  expect(await answers(bed, "v.test", "/%61pp/x")).toBe("kept /%61pp/x");
  expect(await answers(bed, "v.test", "/other")).toBe("404");
});

test("the absolute form routes by its own authority, and the target sees the origin form", async () => {
  const bed = await routedBed();
  const client = await bed.connect();
  const response = await client.ask("GET http://A.test:80/api/x?y HTTP/1.1\r\nHost: v.test\r\n\r\n");
  expect(response.body).toBe("api GET /x?y 0");
  const empty = await client.ask("GET http://a.test?q HTTP/1.1\r\nHost: a.test\r\n\r\n");
  expect(empty.body).toBe("app GET /?q 0");
  expect(bed.app.requests[0]?.fields.filter(([name]) => name === "Host")).toEqual([["Host", "a.test"]]);
});

test("a host with services but none for the path does not fall through to the default host", async () => {
  const bed = await startBed();
  const only = await startTarget("only");
  await bed.proxy.serve(
    service("any", [bed.app.port]),
    service("only", [only.port], { hosts: ["a.test"], pathPrefixes: ["/api"] }),
  );
  expect(await answers(bed, "a.test", "/else")).toBe("404");
  expect(await answers(bed, "b.test", "/else")).toBe("app /else");
});

test("each pipelined request is routed by its own host", async () => {
  const bed = await routedBed();
  const client = await bed.connect();
  client.send(get("/1", "a.test") + get("/2", "x.wild.test") + get("/3", "nobody.test") + get("/4", "a.test"));
  const bodies = (await client.read(4)).map(({ status, body }) => (status === 200 ? body : status));
  expect(bodies).toEqual(["app GET /1 0", "wild GET /2 0", 404, "app GET /4 0"]);
});
