/** Cookies of an application below a stripped prefix: browsers get them for that prefix, otherwise as they were set. */
import { expect, test } from "vitest";
import { startBed, startTarget } from "../support/bed.ts";
import { type ResponseMessage, valuesOf } from "../support/http-messages.ts";
import { get, post } from "../support/raw-client.ts";
import { type Answerer, okResponse } from "../support/recording-upstream.ts";
import { service, target } from "../support/running-proxy.ts";

const ROUTE = { pathPrefixes: ["/api", "/app"], scopeCookiePaths: true };

function setting(...cookies: string[]): Answerer {
  const lines = cookies.map((cookie) => `Set-Cookie: ${cookie}\r\n`).join("");
  return (request) => okResponse("ok", request, `X-Before: 1\r\n${lines}X-After: 2\r\n`);
}

const cookies = (response: ResponseMessage): string[] => valuesOf(response, "set-cookie");

test("each prefix of a service gives cookies their path; without the option none does [A136]", async () => {
  const { app, proxy, connect } = await startBed({ route: ROUTE, answer: setting("a=1; Path=/something") });
  const client = await connect();
  expect(cookies(await client.ask(get("/app/x")))).toEqual(["a=1; Path=/app/something"]);
  expect(cookies(await client.ask(get("/api")))).toEqual(["a=1; Path=/api/something"]);
  await proxy.serve(service("app", [app.port], { ...ROUTE, scopeCookiePaths: false }));
  expect(cookies(await client.ask(get("/app/x")))).toEqual(["a=1; Path=/something"]);
});

test("a cookie for the root becomes one for the prefix; only if the prefix was stripped [A136]", async () => {
  const route = { pathPrefixes: ["/chat"], scopeCookiePaths: true };
  const { app, proxy, connect } = await startBed({ route, answer: setting("a=1; Path=/") });
  const client = await connect();
  expect(cookies(await client.ask(get("/chat")))).toEqual(["a=1; Path=/chat"]);
  await proxy.serve(service("app", [app.port], { ...route, stripPathPrefix: false }));
  expect(cookies(await client.ask(get("/chat")))).toEqual(["a=1; Path=/"]);
  await proxy.serve(service("app", [app.port], { ...route, pathPrefixes: ["/"] }));
  expect(cookies(await client.ask(get("/chat")))).toEqual(["a=1; Path=/"]);
});

test("own and unbound cookies are scoped, third parties' are not, and their order is kept [A38 A137]", async () => {
  const { connect } = await startBed({
    route: ROUTE,
    answer: setting(
      "z=0; Domain=other.test; Path=/",
      "a=1; Path=/",
      "b=2; Path=/foo",
      "c=3; Domain=other.test; Path=/",
      "d=4; Domain=a.test; expires=Thu, 01 Jan 1970 00:00:00 GMT;Priority=High",
    ),
  });
  const response = await (await connect()).ask(get("/app/"));
  expect(cookies(response)).toEqual([
    "z=0; Domain=other.test; Path=/",
    "a=1; Path=/app",
    "b=2; Path=/app/foo",
    "c=3; Domain=other.test; Path=/",
    "d=4; Domain=a.test; expires=Thu, 01 Jan 1970 00:00:00 GMT;Priority=High; Path=/app",
  ]);
  expect([valuesOf(response, "x-before"), valuesOf(response, "x-after")]).toEqual([["1"], ["2"]]);
});

test("the port of the request's host does not matter [A39 A45]", async () => {
  const { connect } = await startBed({ route: ROUTE, answer: setting("a=1; Domain=a.test; Path=/") });
  expect(cookies(await (await connect()).ask(get("/api/x", "A.test:8080")))).toEqual(["a=1; Domain=a.test; Path=/api"]);
});

test("however the client spells the prefix, the cookie is for the configured one", async () => {
  const { connect } = await startBed({ route: ROUTE, answer: setting("a=1; Path=/x") });
  expect(cookies(await (await connect()).ask(get("/%61pi/x")))).toEqual(["a=1; Path=/api/x"]);
});

test("the writer cookie is for all paths", async () => {
  const { app, proxy, connect } = await startBed({ answer: setting("a=1") });
  const reader = await startTarget("reader");
  await proxy.serve({
    ...service("app", [], ROUTE),
    targets: [target("w", app.port), { ...target("r", reader.port), role: "reader" }],
  });
  const [own, affinity] = cookies(await (await connect()).ask(post("/api", "x")));
  expect(own).toBe("a=1; Path=/api");
  expect(affinity).toMatch(/^kamal-writer=\d+; Path=\/; /);
});

test("the same holds for buffered responses", async () => {
  const { app, proxy, connect } = await startBed({ answer: setting("a=1; Path=/x") });
  const reader = await startTarget("reader");
  const buffering = { requests: true, responses: true, memoryBytes: 10, maxRequestBytes: 0, maxResponseBytes: 0 };
  await proxy.serve({
    ...service("app", [], { ...ROUTE, buffering }),
    targets: [target("w", app.port), { ...target("r", reader.port), role: "reader" }],
  });
  const response = await (await connect()).ask(post("/api", "x".repeat(100)));
  expect(cookies(response).map((cookie) => cookie.replace(/=\d{10}.*/, ""))).toEqual([
    "a=1; Path=/api/x",
    "kamal-writer",
  ]);
  expect([valuesOf(response, "x-before"), valuesOf(response, "x-after")]).toEqual([["1"], ["2"]]);
});
