/** Trusted proxies: what they say of the client is believed, what anybody else says is not. */
import { expect, test } from "vitest";
import type { Limits } from "../../proxy/limits.ts";
import type { ServiceRoute } from "../../proxy/route/routing-table.ts";
import { startBed } from "../support/bed.ts";
import { valueOf, valuesOf } from "../support/http-messages.ts";
import { get } from "../support/raw-client.ts";
import { runProxy } from "../support/running-proxy.ts";

const HERE = ["127.0.0.0/8", "10.0.0.0/8"];
const ELSEWHERE = ["10.0.0.0/8"];

const CLAIMED =
  "X-Forwarded-For: 1.1.1.1, 2.2.2.2\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: front.test\r\n" +
  "X-Forwarded-Port: 443\r\nX-Forwarded-Prefix: /outer\r\nX-Real-IP: 2.2.2.2\r\nX-Kamal-Target: earlier\r\n";

const NAMES = ["for", "proto", "host", "port", "prefix"].map((name) => `x-forwarded-${name}`);

async function forwarded(
  trustedProxies: readonly string[],
  fields: string,
  route: Partial<ServiceRoute> = {},
  limits: Partial<Limits> = {},
) {
  const { app, connect, log } = await startBed({ trustedProxies, route, limits });
  await (await connect()).ask(get("/", "a.test", fields));
  const request = app.requests[0] ?? { fields: [] };
  const [line] = (await log()).lines;
  return {
    value: (name: string) => valueOf(request, name),
    values: (name: string) => valuesOf(request, name),
    told: NAMES.map((name) => valueOf(request, name)),
    remote: line?.["remote_addr"],
    client: line?.["client_addr"],
    port: app.port,
  };
}

test("a trusted proxy's fields are passed on and extended; the log shows the client [FW-04]", async () => {
  const { told, value, remote, client, port } = await forwarded(HERE, CLAIMED);
  expect(told).toEqual(["1.1.1.1, 2.2.2.2, 127.0.0.1", "https", "front.test", "443", "/outer"]);
  expect(value("x-real-ip")).toBe("2.2.2.2");
  expect(value("x-kamal-target")).toBe(`earlier, 127.0.0.1:${port}`);
  expect([remote, client]).toEqual(["2.2.2.2", "127.0.0.1"]);
});

test("a stranger's are replaced, though the service would forward them [W16 FW-01]", async () => {
  const { told, value, values, remote, port } = await forwarded(ELSEWHERE, CLAIMED);
  expect(told).toEqual(["127.0.0.1", "http", "a.test", undefined, undefined]);
  expect(value("x-real-ip")).toBeUndefined();
  expect(values("x-kamal-target")).toEqual([`127.0.0.1:${port}`]);
  expect(remote).toBe("127.0.0.1");
});

test("a service that does not forward them hides even a trusted proxy's; the log still knows", async () => {
  const { told, remote } = await forwarded(HERE, CLAIMED, { forwardHeaders: false });
  expect(told).toEqual(["127.0.0.1", "http", "a.test", undefined, undefined]);
  expect(remote).toBe("2.2.2.2");
});

test.each([
  ["X-Forwarded-For: 1.1.1.1, 2.2.2.2, 10.0.0.7\r\n", "2.2.2.2"],
  ["X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\nX-Forwarded-For: 10.0.0.7\r\n", "2.2.2.2"],
  ["X-Forwarded-For: 2.2.2.2, [::ffff:10.0.0.7]:99\r\n", "2.2.2.2"],
  ["X-Forwarded-For: nonsense, 10.0.0.7\r\n", "10.0.0.7"],
  ["X-Forwarded-For: \r\n", "127.0.0.1"],
  ["X_Forwarded_For: 1.1.1.1\r\n", "127.0.0.1"],
  ["X-Forwarded-For: 1.1.1.1\r\nConnection: x-forwarded-FOR\r\n", "127.0.0.1"],
  ["", "127.0.0.1"],
])("after %j the client is %s [FW-04]", async (fields, client) => {
  expect((await forwarded(HERE, fields)).remote).toBe(client);
});

test("maxForwardedHops: no more of the chain is looked at", async () => {
  const fields = "X-Forwarded-For: 1.1.1.1, 10.0.0.3, 10.0.0.2\r\n";
  expect((await forwarded(HERE, fields, {}, { maxForwardedHops: 3 })).remote).toBe("1.1.1.1");
  expect((await forwarded(HERE, fields, {}, { maxForwardedHops: 2 })).remote).toBe("10.0.0.3");
});

test("the client IP field of a trusted proxy counts, if it is one address", async () => {
  const route = { clientIpHeader: "CF-Connecting-IP" };
  const stated = await forwarded(HERE, `${CLAIMED}CF-Connecting-IP: 9.9.9.9\r\n`, route);
  expect([stated.value("x-forwarded-for"), stated.remote]).toEqual(["9.9.9.9, 127.0.0.1", "9.9.9.9"]);
  expect(stated.value("cf-connecting-ip")).toBe("9.9.9.9");
  for (const nonsense of ["x", "9.9.9.9, 8.8.8.8", "9.9.9.9\r\nCF-Connecting-IP: 8.8.8.8"]) {
    const { value, remote } = await forwarded(HERE, `${CLAIMED}CF-Connecting-IP: ${nonsense}\r\n`, route);
    expect([value("x-forwarded-for"), remote]).toEqual(["1.1.1.1, 2.2.2.2, 127.0.0.1", "2.2.2.2"]);
  }
});

test("that of a stranger is kept from the application in every spelling [W16 FW-06]", async () => {
  const fields = "CF-Connecting-IP: 9.9.9.9\r\ncf_connecting_ip: 9.9.9.9\r\nX-Mine: 1\r\n";
  const { value, remote } = await forwarded(ELSEWHERE, CLAIMED + fields, { clientIpHeader: "CF-Connecting-IP" });
  expect([value("cf-connecting-ip"), value("cf_connecting_ip"), value("x-mine")]).toEqual([undefined, undefined, "1"]);
  expect([value("x-forwarded-for"), remote]).toEqual(["127.0.0.1", "127.0.0.1"]);
});

test("what is no range is refused with its name", async () => {
  await expect(runProxy({ trustedProxies: ["10.0.0.0/8", "10.0.0.0/40"] })).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringContaining("10.0.0.0/40"),
  });
});
