/** Each named limit of proxy/limits.ts: just within it all is well, just beyond it the named thing happens. */
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { DEFAULT_LIMITS } from "../../proxy/limits.ts";
import { connectTo, startBed } from "../support/bed.ts";
import { startChild } from "../support/child-process.ts";
import { eventually, pause, settled } from "../support/eventually.ts";
import { valuesOf } from "../support/http-messages.ts";
import { get, type RawClient } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";
import { service } from "../support/running-proxy.ts";

async function statusOf(connect: () => Promise<RawClient>, bytes: string): Promise<number | undefined> {
  const client = await connect();
  return (await client.send(bytes).read(1))[0]?.status;
}

/** Where each limit has its test; a new limit without one fails here. */
const TESTED: Readonly<Record<keyof typeof DEFAULT_LIMITS, string>> = {
  maxRequestHeadBytes: "here",
  maxTargetBytes: "here",
  maxRequestFields: "here",
  maxProxyHeaderBytes: "proxy-protocol",
  maxForwardedHops: "trusted-proxies",
  maxTrailerBytes: "trailers",
  maxPipelinedBytes: "here",
  upgradeKinds: "here",
  maxHttp2Streams: "http2-abuse",
  maxHttp2FieldPairs: "http2-limits",
  http2StreamWindowBytes: "http2-limits",
  http2ConnectionWindowBytes: "http2-limits",
  maxHttp2SessionBytes: "http2-limits",
  http2ResetBurst: "http2-limits",
  http2ResetsPerSecond: "http2-limits",
  maxHttp2InvalidFrames: "http2-limits",
  maxHttp2RejectedStreams: "http2-limits",
  maxClientConnections: "here",
  headTimeoutMs: "slow-clients",
  keepAliveTimeoutMs: "keep-alive-and-pipelining",
  bodyTimeoutMs: "slow-clients",
  writeTimeoutMs: "slow-clients",
  halfCloseTimeoutMs: "client-disconnect",
  lingerTimeoutMs: "lingering-close",
  lingerBytes: "lingering-close",
  tunnelTimeoutMs: "websocket",
  maxClientHelloBytes: "tls-hello",
  handshakeTimeoutMs: "tls-hello",
  certificateWaitMs: "tls-on-demand",
  maxWaitingHandshakes: "tls-on-demand",
  ticketKeyMs: "tls-sessions",
  maxResponseHeadBytes: "here",
  maxResponseFields: "here",
  maxInformationalResponses: "early-hints",
  connectTimeoutMs: "here",
  poolIdleMs: "stale-connections",
  maxIdlePerTarget: "stale-connections",
  freshEnoughMs: "stale-connections",
  maxSessionsPerTarget: "h2c-targets",
  maxStreamsPerSession: "h2c-targets",
  maxWaitingRequests: "pause-and-stop",
  maxBufferedMemoryBytes: "buffering",
};

test("every limit has a test", () => {
  expect(Object.keys(TESTED).sort()).toEqual(Object.keys(DEFAULT_LIMITS).sort());
});

test("maxTargetBytes: a longer request target is 414", async () => {
  const { app, connect } = await startBed({ limits: { maxTargetBytes: 100 } });
  expect(await statusOf(connect, get(`/${"a".repeat(99)}`))).toBe(200);
  expect(await statusOf(connect, get(`/${"a".repeat(100)}`))).toBe(414);
  expect(await statusOf(connect, get(`/?${"a".repeat(99)}`))).toBe(414);
  expect(app.requests.length).toBe(1);
});

test("a target as long as RFC 9112 asks for passes as shipped", async () => {
  const { app, connect } = await startBed();
  const path = `/${"a".repeat(8_000)}`;
  expect(await statusOf(connect, get(path))).toBe(200);
  expect(app.requests[0]?.target).toBe(path);
});

test("maxRequestHeadBytes: a larger head is 431, whole or in pieces, finished or not [W15]", async () => {
  const { app, connect } = await startBed({ limits: { maxRequestHeadBytes: 1_000 } });
  const headOf = (bytes: number): string => {
    const empty = get("/", "a.test", "X-Pad: \r\n");
    return get("/", "a.test", `X-Pad: ${"x".repeat(bytes - empty.length)}\r\n`);
  };
  expect(headOf(1_000).length).toBe(1_000);
  expect(await statusOf(connect, headOf(1_000))).toBe(200);
  expect(await statusOf(connect, headOf(1_001))).toBe(431);
  expect(await statusOf(connect, headOf(5_000).slice(0, -4))).toBe(431);
  const client = await connect();
  const pieces = headOf(3_000);
  for (let from = 0; from < pieces.length && !client.ended; from += 100) {
    client.send(pieces.slice(from, from + 100));
    await pause(1);
  }
  expect((await client.read(1))[0]?.status).toBe(431);
  expect(app.requests.length).toBe(1);
});

test("the largest head and body that come in one piece reach the target whole", async () => {
  const { app, connect } = await startBed();
  const claimed = ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Kamal-Target"];
  const fields = claimed.map((name) => `${name}: ${name[12]}${"v".repeat(11_900)}\r\n`).join("");
  const line = `POST http://a.test/${"p".repeat(15_000)} HTTP/1.1\r\nHost: a.test\r\n`;
  const body = "b".repeat(200_000);
  for (const framing of [
    `Content-Length: ${body.length}\r\n\r\n${body}`,
    `Transfer-Encoding: chunked\r\n\r\n30d40\r\n${body}\r\n0\r\nX-T: ${"t".repeat(15_000)}\r\n\r\n`,
  ]) {
    expect(await statusOf(connect, `${line}${fields}${framing}`)).toBe(200);
    const request = app.requests.at(-1);
    expect(request?.body === body).toBe(true);
    for (const name of claimed) expect(valuesOf(request ?? { fields: [] }, name)[0]?.length).toBeGreaterThan(11_900);
    expect(request?.target.length).toBe(15_001);
  }
  expect(app.requests.at(-1)?.trailers[0]?.[1].length).toBe(15_000);
});

test("the largest response head, 1xx and all, reaches the client whole", async () => {
  const large = `X-Large: ${"l".repeat(60_000)}\r\n`;
  const early = `HTTP/1.1 103 Early Hints\r\n${large}\r\n`.repeat(10);
  const body = "b".repeat(300_000);
  const { connect } = await startBed({ answer: () => early + okResponse(body, undefined, large) });
  const client = await connect();
  const response = await client.ask(get("/"));
  expect(response.informational.map(({ head }) => head).join("") === early).toBe(true);
  expect([valuesOf(response, "x-large")[0]?.length, response.body === body]).toEqual([60_000, true]);
});

test("maxRequestFields: more fields are 431", async () => {
  const { app, connect } = await startBed({ limits: { maxRequestFields: 10 } });
  expect(await statusOf(connect, get("/", "a.test", "A: b\r\n".repeat(9)))).toBe(200);
  expect(await statusOf(connect, get("/", "a.test", "A: b\r\n".repeat(10)))).toBe(431);
  expect(await statusOf(connect, get("/", "a.test", `${"a:\r\n".repeat(10)}Content-Length: 5\r\n`))).toBe(431);
  expect(app.requests.length).toBe(1);
});

test("maxPipelinedBytes: a client that sends far ahead is read no further until its turn comes", async () => {
  const { app, connect } = await startBed({ limits: { maxPipelinedBytes: 10_000 }, answer: () => null });
  const client = await connect();
  const ahead = get("/ahead", "a.test", `X-Pad: ${"x".repeat(8_000)}\r\n`).repeat(1_200);
  client.send(get("/first") + ahead);
  await eventually("the first arrives", () => app.requests.length === 1);
  const unread = await settled(() => client.socket.writableLength);
  expect(unread).toBeGreaterThan(3_000_000);
  app.answer = () => okResponse("ok");
  app.connections[0]?.socket.write(okResponse("ok"));
  const wire = okResponse("ok").length;
  await client.until(() => client.receivedBytes > 1_201 * wire, 20_000);
  expect((await client.read(1_201)).length).toBe(1_201);
});

test("maxClientConnections: the connection that has been idle longest makes room for a new one [W15]", async () => {
  const { proxy, connect } = await startBed({ limits: { maxClientConnections: 3 } });
  const clients: RawClient[] = [];
  for (let index = 0; index < 3; index++) {
    const client = await connect();
    await client.ask(get(`/${index}`));
    clients.push(client);
  }
  await clients[0]?.ask(get("/active-again"));
  const newest = await connect();
  expect((await newest.ask(get("/new"))).body).toBe("app GET /new 0");
  await eventually("the second is closed", () => clients[1]?.closed === true || clients[1]?.ended === true);
  expect([clients[0]?.ended, clients[2]?.ended]).toEqual([false, false]);
  expect((await proxy.plane.counters()).clientConnections).toBe(3);
});

test("maxClientConnections: busy connections are not thrown out; the new one is", async () => {
  const { app, connect } = await startBed({ limits: { maxClientConnections: 2 }, answer: () => null });
  const busy = [await connect(), await connect()];
  for (const client of busy) client.send(get("/busy"));
  await eventually("both are busy", () => app.requests.length === 2);
  const refused = await connect();
  await eventually("the third is refused", () => refused.closed || refused.ended);
  for (const { socket } of app.connections) socket.write(okResponse("ok"));
  for (const client of busy) expect((await client.read(1))[0]?.status).toBe(200);
});

test("maxResponseHeadBytes: a target's larger head is a 502", async () => {
  const { connect } = await startBed({
    limits: { maxResponseHeadBytes: 1_000 },
    answer: ({ target }) => okResponse("ok", undefined, `X-Pad: ${"x".repeat(Number(target.slice(1)))}\r\n`),
  });
  expect(await statusOf(connect, get("/800"))).toBe(200);
  expect(await statusOf(connect, get("/1000"))).toBe(502);
});

test("maxResponseHeadBytes: a head without end is a 502 as soon as it is too large", async () => {
  const { app, connect } = await startBed({ limits: { maxResponseHeadBytes: 1_000 } });
  app.answer = () => `HTTP/1.1 200 OK\r\nX-Pad: ${"x".repeat(5_000)}`;
  expect(await statusOf(connect, get("/"))).toBe(502);
});

test("maxResponseFields: a target's response with more fields is a 502", async () => {
  const { connect } = await startBed({
    limits: { maxResponseFields: 20 },
    answer: ({ target }) => okResponse("ok", undefined, "A: b\r\n".repeat(Number(target.slice(1)))),
  });
  expect(await statusOf(connect, get("/18"))).toBe(200);
  expect(await statusOf(connect, get("/19"))).toBe(502);
});

test("connectTimeoutMs: a target that does not answer the knock is a 504 [W8]", async () => {
  const { proxy } = await startBed({ limits: { connectTimeoutMs: 250 } });
  const full = startChild("test/support/programs/full-queue.ts", []);
  onTestFinished(async () => void (await full.end("SIGKILL")));
  const port = Number(await full.line((line) => /^\d+$/.test(line)));
  // The kernel itself accepts as many as the queue holds; from then on it drops whoever knocks.
  const queued = [connectSocket(port, "127.0.0.1"), connectSocket(port, "127.0.0.1")];
  await Promise.all(queued.map((socket) => once(socket, "connect")));
  await proxy.serve(service("far", [port]));
  const startedAt = performance.now();
  const client = await connectTo(proxy.port);
  expect(await statusOf(() => Promise.resolve(client), get("/"))).toBe(504);
  expect(performance.now() - startedAt).toBeLessThan(1_500);
  expect(DEFAULT_LIMITS.connectTimeoutMs).toBeLessThanOrEqual(5_000);
  for (const socket of queued) socket.destroy();
});

test("upgradeKinds: only the named upgrades are asked of a target", async () => {
  const { app, connect } = await startBed({ limits: { upgradeKinds: ["echo"] } });
  for (const upgrade of ["websocket", "echo", "ECHO"]) {
    expect(await statusOf(connect, get("/", "a.test", `Connection: upgrade\r\nUpgrade: ${upgrade}\r\n`))).toBe(200);
  }
  expect(app.requests.map((request) => valuesOf(request, "upgrade"))).toEqual([[], ["echo"], ["ECHO"]]);
  expect(DEFAULT_LIMITS.upgradeKinds).toEqual(["websocket"]);
});

test("a field name or a method beyond all reason is refused", async () => {
  const { app, connect } = await startBed();
  expect(await statusOf(connect, get("/", "a.test", `X-${"n".repeat(300)}: 1\r\n`))).toBe(431);
  expect(await statusOf(connect, `${"M".repeat(40)} / HTTP/1.1\r\nHost: a.test\r\n\r\n`)).toBe(400);
  expect(app.requests).toEqual([]);
});
