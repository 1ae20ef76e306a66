/** HTTP/1.1 over TLS: everything that works over TCP works here, and an end that is no end stays visible. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { expect, test } from "vitest";
import type { Limits } from "../../proxy/limits.ts";
import { type Bed, type BedOptions, connectTo, startBed } from "../support/bed.ts";
import { eventually, pause, settled } from "../support/eventually.ts";
import { valueOf } from "../support/http-messages.ts";
import { get, post, RawClient } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";
import { service, tlsRoute } from "../support/running-proxy.ts";
import { bareSocket, handshakeError, helloOf, secure, secureClient, served, tableOf } from "../support/tls-clients.ts";

type SecureBed = Bed & { readonly port: number; connectSecurely(): Promise<RawClient> };

async function startSecureBed(options: BedOptions = {}): Promise<SecureBed> {
  const bed = await startBed({ ...options, route: { tls: tlsRoute(), ...options.route } });
  await bed.proxy.plane.useCertificates(tableOf([await served(["a.test", "*.a.test"]), await served(["b.test"])]));
  const port = bed.proxy.httpsPort;
  return { ...bed, port, connectSecurely: () => secureClient(port, "a.test") };
}

test("requests follow one another on a connection, pipelined or not; the target hears of https", async () => {
  const bed = await startSecureBed();
  const client = await bed.connectSecurely();
  expect((await client.ask(get("/1"))).status).toBe(200);
  client.send(get("/2") + post("/3", "abc") + get("/4"));
  expect((await client.read(4)).map(({ body }) => body)).toEqual([
    "app GET /1 0",
    "app GET /2 0",
    "app POST /3 3",
    "app GET /4 0",
  ]);
  expect(bed.app.requests.map((request) => valueOf(request, "x-forwarded-proto"))).toEqual(Array(4).fill("https"));
  expect((await bed.log()).lines.map((line) => [line["scheme"], line["port"]])).toEqual(
    Array.from({ length: 4 }, () => ["https", bed.port]),
  );
});

test("a FIN behind a request does not take its answer away; one behind nothing ends the connection", async () => {
  const { connectSecurely, proxy } = await startSecureBed();
  const client = await connectSecurely();
  client.send(get("/")).fin();
  expect((await client.read(1))[0]?.status).toBe(200);
  expect(await client.until(() => client.ended)).toBe(true);
  const idle = await connectSecurely();
  idle.fin();
  expect(await idle.until(() => idle.ended)).toBe(true);
  await eventually("both are forgotten", () => proxy.plane.connections.size === 0);
});

test("a large body passes whole, up and down, many at a time", async () => {
  const body = "0123456789abcdef".repeat(150_000);
  const digest = createHash("sha256").update(body).digest("hex");
  const { connectSecurely, app } = await startSecureBed({
    answer: (request) => okResponse(request.method === "POST" ? "taken" : body),
  });
  const check = async (): Promise<void> => {
    const client = await connectSecurely();
    client.send(get("/"));
    await client.until(() => client.receivedBytes > body.length, 20_000);
    const [response] = await client.read(1);
    expect(
      createHash("sha256")
        .update(response?.body ?? "")
        .digest("hex"),
    ).toBe(digest);
    client.send(post("/", body));
    expect(await client.until(() => client.text.endsWith("taken"), 20_000)).toBe(true);
  };
  await Promise.all(Array.from({ length: 20 }, check));
  const posts = app.requests.filter(({ method }) => method === "POST");
  expect(posts.map((request) => createHash("sha256").update(request.body).digest("hex"))).toEqual(
    Array(20).fill(digest),
  );
});

test("a client that does not read slows the target down, and is cut off after writeTimeoutMs", async () => {
  const { connectSecurely, app } = await startSecureBed({ limits: { writeTimeoutMs: 700 }, answer: () => null });
  const client = await connectSecurely();
  client.socket.pause();
  client.send(get("/"));
  await eventually("it arrives", () => app.requests.length === 1);
  const target = app.connections[0]?.socket;
  target?.write(`HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n`);
  target?.write(Buffer.alloc(100_000_000));
  expect(await settled(() => target?.writableLength ?? 0)).toBeGreaterThan(50_000_000);
  await eventually("it is cut off", () => target?.destroyed === true || target?.closed === true);
});

test("a WebSocket goes through, both ways, and its end as well", async () => {
  const upgrade = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  const { connectSecurely, app } = await startSecureBed({ answer: () => null });
  const client = await connectSecurely();
  client.send(get("/", "a.test", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"));
  await eventually("it arrives", () => app.requests.length === 1);
  const connection = app.connections[0];
  connection?.socket.write(`${upgrade}early`);
  expect(await client.until(() => client.text.endsWith("early"))).toBe(true);
  const before = app.receivedBytes;
  client.send("x".repeat(300_000));
  await eventually("all of it arrives", () => app.receivedBytes - before === 300_000);
  connection?.socket.write("y".repeat(300_000));
  expect(await client.until(() => client.text.endsWith("y".repeat(300_000)))).toBe(true);
  connection?.socket.end("bye");
  expect(await client.until(() => client.text.endsWith("bye") && client.ended)).toBe(true);
});

test.each([
  ["with a length", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", get("/")],
  ["in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", get("/")],
  [
    "until the close",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "GET / HTTP/1.0\r\nHost: a.test\r\n\r\n",
  ],
])("a response %s that breaks off is not taken for the whole: no goodbye is said", async (_, head, request) => {
  const { port, app } = await startSecureBed({ answer: () => null });
  const raw = await bareSocket(port);
  const records: number[] = [];
  let pending = Buffer.alloc(0);
  raw.on("data", (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 5 && pending.length >= 5 + pending.readUInt16BE(3)) {
      records.push(pending[0] as number);
      pending = pending.subarray(5 + pending.readUInt16BE(3));
    }
  });
  // TLS 1.2, where an alert can be told from data by its record.
  const tls = connectTls({ socket: raw, servername: "a.test", rejectUnauthorized: false, maxVersion: "TLSv1.2" });
  tls.on("error", () => undefined);
  await once(tls, "secureConnect");
  const client = RawClient.over(tls);
  client.send(request);
  await eventually("it arrives", () => app.requests.length === 1);
  app.connections[0]?.socket.write(head);
  expect(await client.until(() => client.text.includes("half"))).toBe(true);
  app.connections[0]?.socket.destroy();
  expect(await client.until(() => client.closed || client.ended)).toBe(true);
  expect(records).not.toContain(21);
});

test("the PROXY protocol comes before TLS, in pieces or together with the hello", async () => {
  const bed = await startSecureBed({ proxyProtocol: true });
  const header = "PROXY TCP4 203.0.113.5 192.0.2.1 54321 443\r\n";
  for (const size of [1, header.length]) {
    const raw = await bareSocket(bed.port);
    for (let at = 0; at < header.length; at += size) {
      raw.write(header.slice(at, at + size));
      if (size === 1) await pause(1);
    }
    const client = RawClient.over(await secure(bed.port, "a.test", { socket: raw }));
    expect((await client.ask(get("/"))).status).toBe(200);
    expect(valueOf(bed.app.requests.at(-1) ?? { fields: [] }, "x-forwarded-for")).toBe("203.0.113.5");
    expect((await bed.log()).lines.at(-1)).toMatchObject({ client_addr: "203.0.113.5", client_port: "54321" });
  }
  const together = await connectTo(bed.port);
  together.send(Buffer.concat([Buffer.from(header), await helloOf("a.test")]));
  expect(await together.until(() => together.text.startsWith("\x16\x03"))).toBe(true);
  expect(await handshakeError(bed.port, "a.test")).not.toBe("");
});

test("another Host than the name is fine where both are served alike, and 421 where TLS is off [TL-04]", async () => {
  const { proxy, app, connectSecurely } = await startSecureBed();
  await proxy.serve(
    service("tls", [app.port], { hosts: ["a.test", "b.test"], tls: tlsRoute() }),
    service("plain", [app.port], { hosts: ["plain.test", "x.a.test"], tls: tlsRoute({ enabled: false }) }),
  );
  const client = await connectSecurely();
  const statuses: number[] = [];
  for (const host of ["a.test", "b.test", "plain.test", "x.a.test", "nobody.test"]) {
    statuses.push((await client.ask(get("/", host))).status);
  }
  // The certificate is good for x.a.test, so nothing is misdirected there: the service just has no TLS.
  expect(statuses).toEqual([200, 200, 421, 503, 404]);
});

test("connections that say hello, shake hands or wait are counted, and end with the proxy", async () => {
  const { proxy, port, connectSecurely } = await startSecureBed({ limits: { lingerTimeoutMs: 300 } });
  const silent = await connectTo(port);
  const half = await connectTo(port);
  half.send((await helloOf("a.test")).subarray(0, 50));
  const shaking = await connectTo(port);
  shaking.send(await helloOf("a.test"));
  expect(await shaking.until(() => shaking.receivedBytes > 0)).toBe(true);
  const idle = await connectSecurely();
  await idle.ask(get("/"));
  expect([proxy.plane.connections.size, (await proxy.plane.counters()).clientConnections]).toEqual([4, 4]);
  expect(await proxy.plane.shutdown(2_000)).toBe(0);
  for (const client of [silent, half, shaking, idle]) {
    expect(await client.until(() => client.closed || client.ended)).toBe(true);
  }
});

test("a request under way over TLS is answered when the proxy ends", async () => {
  const { proxy, app, connectSecurely } = await startSecureBed({ answer: () => null });
  const client = await connectSecurely();
  client.send(get("/"));
  await eventually("it arrives", () => app.requests.length === 1);
  const ended = proxy.plane.shutdown(5_000);
  await pause(100);
  app.connections[0]?.socket.write(okResponse("done"));
  const [response] = await client.read(1);
  expect([response?.body, valueOf(response ?? { fields: [] }, "connection")]).toEqual(["done", "close"]);
  client.fin();
  expect(await ended).toBe(0);
});

test("the TLS connection that has been idle longest makes room", async () => {
  const limits: Partial<Limits> = { maxClientConnections: 2 };
  const { proxy, connectSecurely, port } = await startSecureBed({ limits });
  const [first, second] = [await connectSecurely(), await connectSecurely()];
  for (const client of [first, second]) await client.ask(get("/"));
  const third = await connectSecurely();
  expect((await third.ask(get("/"))).status).toBe(200);
  expect(await first.until(() => first.closed || first.ended)).toBe(true);
  expect((await second.ask(get("/"))).status).toBe(200);
  expect(proxy.plane.connections.size).toBe(2);
  expect(await handshakeError(port, "a.test")).toBe("");
});

test("keepAliveTimeoutMs and headTimeoutMs hold over TLS as well", async () => {
  const limits = { keepAliveTimeoutMs: 300, headTimeoutMs: 300 };
  const { connectSecurely } = await startSecureBed({ limits });
  const idle = await connectSecurely();
  await idle.ask(get("/"));
  expect(await idle.until(() => idle.ended)).toBe(true);
  const slow = await connectSecurely();
  slow.send("GET / HT");
  expect((await slow.read(1))[0]?.status).toBe(408);
});
