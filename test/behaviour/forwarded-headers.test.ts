/** What a target is told about its client when no trusted proxies are configured: as kamal-proxy does it. */
import { expect, test } from "vitest";
import type { ServiceRoute } from "../../proxy/route/routing-table.ts";
import { startBed } from "../support/bed.ts";
import { valueOf, valuesOf } from "../support/http-messages.ts";
import { get } from "../support/raw-client.ts";

const CLAIMED =
  "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: front.test\r\nX-Other: kept\r\n";

/** The fields by lower-case name that reach the target, and the log's remote_addr. */
async function forwarded(route: Partial<ServiceRoute>, fields: string, path = "/", host = "a.test") {
  const { app, connect, log } = await startBed({ route });
  await (await connect()).ask(get(path, host, fields));
  const request = app.requests[0] ?? { fields: [], target: "" };
  const { lines } = await log();
  return {
    target: request.target,
    value: (name: string) => valueOf(request, name),
    values: (name: string) => valuesOf(request, name),
    remote: lines[0]?.["remote_addr"],
  };
}

test("the client's Host reaches the target, with its port [A182]", async () => {
  const { value } = await forwarded({}, "", "/", "Shop.test:8080");
  expect(value("host")).toBe("Shop.test:8080");
});

test("forward-headers off: what the client claims is replaced, other fields are kept [A183]", async () => {
  const { value, values, remote } = await forwarded({ forwardHeaders: false }, CLAIMED);
  expect(remote).toBe("127.0.0.1");
  expect(values("x-forwarded-for")).toEqual(["127.0.0.1"]);
  expect(values("x-forwarded-proto")).toEqual(["http"]);
  expect(values("x-forwarded-host")).toEqual(["a.test"]);
  expect(value("x-other")).toBe("kept");
});

test("forward-headers on: the chain is extended, the rest is as sent [A184]", async () => {
  const { values, remote } = await forwarded({ forwardHeaders: true }, CLAIMED);
  expect(values("x-forwarded-for")).toEqual(["1.1.1.1, 127.0.0.1"]);
  expect(values("x-forwarded-proto")).toEqual(["https"]);
  expect(values("x-forwarded-host")).toEqual(["front.test"]);
  expect(remote).toBe("1.1.1.1");
});

test("forward-headers on: what is missing is filled in [A184]", async () => {
  const { values } = await forwarded({ forwardHeaders: true }, "");
  expect(["for", "proto", "host"].map((name) => values(`x-forwarded-${name}`))).toEqual([
    ["127.0.0.1"],
    ["http"],
    ["a.test"],
  ]);
});

test.each(["a=b;c=d", "q=%zz&x=%", "a=1;", "%"])("the query %j arrives byte for byte [A185]", async (query) => {
  expect((await forwarded({}, "", `/?${query}`)).target).toBe(`/?${query}`);
});

test("the client IP field replaces X-Forwarded-For and arrives itself [A164]", async () => {
  const route = { forwardHeaders: true, clientIpHeader: "CF-Connecting-IP" };
  const with_ = await forwarded(route, `${CLAIMED}cf-connecting-ip: 9.9.9.9\r\n`);
  expect(with_.values("x-forwarded-for")).toEqual(["9.9.9.9, 127.0.0.1"]);
  expect(with_.value("cf-connecting-ip")).toBe("9.9.9.9");
  const without = await forwarded(route, CLAIMED);
  expect(without.values("x-forwarded-for")).toEqual(["1.1.1.1, 127.0.0.1"]);
});

test("the log shows the client IP field's address, whatever X-Forwarded-For says [A82]", async () => {
  for (const forwardHeaders of [true, false]) {
    const route = { forwardHeaders, clientIpHeader: "X-Real-IP" };
    const { remote, value } = await forwarded(route, `${CLAIMED}X-Real-IP: 9.9.9.9\r\n`);
    expect(remote).toBe("9.9.9.9");
    expect(value("x-real-ip")).toBe("9.9.9.9");
    expect(value("x-forwarded-for")).toBe(forwardHeaders ? "9.9.9.9, 127.0.0.1" : "127.0.0.1");
  }
});

test("a client IP field that Connection takes away counts for nothing", async () => {
  const route = { forwardHeaders: true, clientIpHeader: "X-Client" };
  const { value, remote } = await forwarded(route, "X-Client: 9.9.9.9\r\nConnection: x-client\r\n");
  expect([value("x-client"), value("x-forwarded-for"), remote]).toEqual([undefined, "127.0.0.1", "127.0.0.1"]);
});

test("another spelling of the client IP field does not reach the application", async () => {
  const route = { forwardHeaders: true, clientIpHeader: "X-Client-IP" };
  const { value } = await forwarded(route, "X_Client_IP: 8.8.8.8\r\nX-Client.IP: 7.7.7.7\r\nx-client-ip: 9.9.9.9\r\n");
  expect(["x_client_ip", "x-client.ip", "x-client-ip"].map(value)).toEqual([undefined, undefined, "9.9.9.9"]);
});

test("the prefix that was stripped is announced [W32]", async () => {
  const route = { pathPrefixes: ["/api/v1", "/"], forwardHeaders: false };
  const stripped = await forwarded(route, "X-Forwarded-Prefix: /mine\r\n", "/%61pi/v1/x");
  expect([stripped.target, stripped.values("x-forwarded-prefix")]).toEqual(["/x", ["/api/v1"]]);
  const whole = await forwarded(route, "X-Forwarded-Prefix: /mine\r\n", "/x");
  expect([whole.target, whole.values("x-forwarded-prefix")]).toEqual(["/x", []]);
  const unstripped = await forwarded({ ...route, stripPathPrefix: false }, "", "/api/v1/x");
  expect([unstripped.target, unstripped.values("x-forwarded-prefix")]).toEqual(["/api/v1/x", []]);
});

test("a believed client that announces a prefix of its own keeps it", async () => {
  const route = { pathPrefixes: ["/api"], forwardHeaders: true };
  const { values } = await forwarded(route, "X-Forwarded-Prefix: /outer\r\n", "/api/x");
  expect(values("x-forwarded-prefix")).toEqual(["/outer"]);
  expect((await forwarded(route, "", "/api/x")).values("x-forwarded-prefix")).toEqual(["/api"]);
});
