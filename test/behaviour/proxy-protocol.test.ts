/** The PROXY protocol: a balancer in front announces the client before its first byte; both versions, and misuse. */
import { expect, test } from "vitest";
import { type Bed, startBed } from "../support/bed.ts";
import { eventually, pause } from "../support/eventually.ts";
import { valueOf } from "../support/http-messages.ts";
import { get } from "../support/raw-client.ts";

const V1 = "PROXY TCP4 203.0.113.5 192.0.2.1 54321 80\r\n";
const V2_SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
const V2 = `${V2_SIGNATURE}\x21\x11\0\x13\xcb\0\x71\x06\xc0\0\x02\x01\xd4\x32\0\x50\x03\0\x04abcd`;
const LOCAL = `${V2_SIGNATURE}\x20\0\0\0`;

/** Sends `bytes` in pieces of `size` and returns what target and log see of the client. */
async function clientOf(bed: Bed, bytes: string, size = bytes.length): Promise<unknown[]> {
  bed.app.forget();
  const client = await bed.connect();
  for (let at = 0; at < bytes.length; at += size) {
    client.send(bytes.slice(at, at + size));
    if (size < bytes.length) await pause(1);
  }
  await client.read(1);
  const line = (await bed.log()).lines.at(-1);
  const told = valueOf(bed.app.requests[0] ?? { fields: [] }, "x-forwarded-for");
  return [told, line?.["client_addr"], line?.["client_port"]];
}

test.each([
  ["version 1", V1, ["203.0.113.5", "203.0.113.5", "54321"]],
  ["version 1 over IPv6", "PROXY TCP6 2001:DB8::5 ::1 9 80\r\n", ["2001:db8::5", "2001:db8::5", "9"]],
  ["version 2 with a TLV", V2, ["203.0.113.6", "203.0.113.6", "54322"]],
])("%s: target and log see the announced client", async (_, header, seen) => {
  const bed = await startBed({ proxyProtocol: true });
  expect(await clientOf(bed, header + get("/"))).toEqual(seen);
  expect(await clientOf(bed, header + get("/"), 7)).toEqual(seen);
});

test.each([
  ["UNKNOWN", "PROXY UNKNOWN\r\n"],
  ["LOCAL", LOCAL],
])("%s: the balancer speaks for itself", async (_, header) => {
  const bed = await startBed({ proxyProtocol: true });
  expect((await clientOf(bed, header + get("/"))).slice(0, 2)).toEqual(["127.0.0.1", "127.0.0.1"]);
});

test("one header serves every request of the connection, pipelined or with a body in pieces", async () => {
  const { app, connect } = await startBed({ proxyProtocol: true });
  const client = await connect();
  client.send(`${V1 + get("/1") + get("/2")}POST /3 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\nabc`);
  await client.read(2);
  client.send("def");
  expect((await client.read(3)).map(({ body }) => body)).toEqual(["app GET /1 0", "app GET /2 0", "app POST /3 6"]);
  expect(app.requests.map((request) => valueOf(request, "x-forwarded-for"))).toEqual(Array(3).fill("203.0.113.5"));
});

test.each([
  ["a request without a header", get("/")],
  ["half a lie", "PROXY TCP4 203.0.113.5 nobody 1 80\r\n"],
  ["an endless line", `PROXY ${"x".repeat(500)}`],
  ["a version nobody knows", `${V2_SIGNATURE}\x31\x11\0\0`],
])("%s closes the connection without a word", async (_, bytes) => {
  const { app, proxy, connect } = await startBed({ proxyProtocol: true });
  const client = await connect();
  client.send(bytes);
  expect(await client.until(() => client.closed || client.ended)).toBe(true);
  expect([client.text, app.receivedBytes]).toEqual(["", 0]);
  expect((await proxy.plane.counters()).rejectedTotal).toBe(1);
});

test("maxProxyHeaderBytes: no longer one is read", async () => {
  const { connect } = await startBed({ proxyProtocol: true, limits: { maxProxyHeaderBytes: V2.length } });
  const fine = await connect();
  expect((await fine.ask(V2 + get("/"))).status).toBe(200);
  const long = await connect();
  long.send(V2.replace("\0\x13", "\0\x14"));
  expect(await long.until(() => long.closed || long.ended)).toBe(true);
});

test("a header that does not come in time, or only half, ends the connection", async () => {
  const { proxy, connect } = await startBed({ proxyProtocol: true, limits: { headTimeoutMs: 200 } });
  const clients = await Promise.all([connect(), connect(), connect()]);
  await eventually("they are counted", () => proxy.plane.connections.size === 3);
  clients[1]?.send(V1.slice(0, 10));
  clients[2]?.send(V1.slice(0, 10)).fin();
  for (const client of clients) expect(await client.until(() => client.closed || client.ended, 3_000)).toBe(true);
  await eventually("they are forgotten", () => proxy.plane.connections.size === 0);
});

test("with trusted proxies, only they announce; to a stranger it is a bad request [FW-01]", async () => {
  const header = V1 + get("/");
  const trusting = await startBed({ proxyProtocol: true, trustedProxies: ["127.0.0.1"] });
  expect((await clientOf(trusting, header))[0]).toBe("203.0.113.5");
  const bed = await startBed({ proxyProtocol: true, trustedProxies: ["10.0.0.0/8"] });
  for (const bytes of [header, V2 + get("/")]) expect((await (await bed.connect()).ask(bytes)).status).toBe(400);
  expect(await clientOf(bed, get("/"))).toContain("127.0.0.1");
});

test("what the announced client says of itself is not the balancer's word", async () => {
  const fields = "X-Forwarded-For: 1.1.1.1\r\n";
  const bed = await startBed({ proxyProtocol: true, trustedProxies: ["127.0.0.1"] });
  expect((await clientOf(bed, V1 + get("/", "a.test", fields)))[0]).toBe("203.0.113.5");
  const chain = await startBed({ proxyProtocol: true, trustedProxies: ["127.0.0.1", "203.0.113.0/24"] });
  expect((await clientOf(chain, V1 + get("/", "a.test", fields)))[0]).toBe("1.1.1.1, 203.0.113.5");
});

test("without the option it is a bad request", async () => {
  const { app, connect } = await startBed();
  for (const header of [V1, V2]) expect((await (await connect()).ask(header + get("/"))).status).toBe(400);
  expect(app.requests).toEqual([]);
});
