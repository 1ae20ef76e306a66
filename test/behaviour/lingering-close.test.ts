/** A client that is still sending when it is answered can read the answer: no reset takes it away. */
import { expect, test } from "vitest";
import { startBed } from "../support/bed.ts";
import { eventually, pause } from "../support/eventually.ts";
import { valuesOf } from "../support/http-messages.ts";
import type { RawClient } from "../support/raw-client.ts";

const BLOCK = Buffer.alloc(64 * 1024, "u");

/** Sends blocks until the socket is closed by the other side, or `total` is out. */
async function keepSending(client: RawClient, total: number): Promise<void> {
  for (let sent = 0; sent < total && !client.closed; sent += BLOCK.length) {
    client.send(BLOCK);
    if (client.socket.writableNeedDrain) await pause(1);
  }
}

test("a target's early 413 reaches a client that goes on uploading, whole and without a reset", async () => {
  const { app, connect } = await startBed();
  const page = "too large ".repeat(1_000);
  const client = await connect();
  client.send("POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 30000000\r\n\r\n");
  await eventually("the head arrives", () => app.requests.length === 1);
  app.connections[0]?.socket.end(`HTTP/1.1 413 Content Too Large\r\nContent-Length: ${page.length}\r\n\r\n${page}`);
  await keepSending(client, 12_000_000);
  const [response] = await client.read(1);
  expect([response?.status, response?.body]).toEqual([413, page]);
  expect(valuesOf(response ?? { fields: [] }, "connection")).toEqual(["close"]);
  expect(client.error).toBeUndefined();
  expect(client.ended).toBe(true);
});

test("so does an early 413 of a target that resets its connection afterwards", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  client.send("POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3000000\r\n\r\n");
  await eventually("the head arrives", () => app.requests.length === 1);
  const target = app.connections[0]?.socket;
  target?.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch", () => {
    setTimeout(() => target.resetAndDestroy(), 20);
  });
  await keepSending(client, 2_000_000);
  const [response] = await client.read(1);
  expect([response?.status, response?.body]).toEqual([413, "much"]);
  expect(client.error).toBeUndefined();
});

test("a malformed body is answered 400 while the client goes on sending", async () => {
  const { connect } = await startBed();
  const client = await connect();
  client.send("POST /up HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nZZ\r\n");
  await keepSending(client, 5_000_000);
  const [response] = await client.read(1);
  expect(response?.status).toBe(400);
  expect(client.error).toBeUndefined();
});

test("a head that is too large is answered 431 while the client goes on sending", async () => {
  const { connect } = await startBed();
  const client = await connect();
  client.send(`GET / HTTP/1.1\r\nHost: a.test\r\nX-Large: ${"x".repeat(70_000)}`);
  await keepSending(client, 5_000_000);
  expect((await client.read(1))[0]?.status).toBe(431);
  expect(client.error).toBeUndefined();
});

test("an unknown path is answered 404 to a client that uploads, and nothing of it is kept", async () => {
  const { proxy, connect } = await startBed();
  await proxy.serve();
  const client = await connect();
  client.send("POST /nowhere HTTP/1.1\r\nHost: a.test\r\nContent-Length: 30000000\r\n\r\n");
  await keepSending(client, 12_000_000);
  expect((await client.read(1))[0]?.status).toBe(404);
  expect(client.error).toBeUndefined();
});

test("lingerTimeoutMs: a client that never stops and never closes is cut off in the end", async () => {
  const { connect } = await startBed({ limits: { lingerTimeoutMs: 250 } });
  const client = await connect();
  client.send("BAD\r\n\r\n");
  await client.read(1);
  const timer = setInterval(() => client.send("x"), 10);
  await eventually("it is cut off", () => client.closed, 1_500);
  clearInterval(timer);
  expect(client.responses().map(({ status }) => status)).toEqual([400]);
});

test("lingerBytes: a client that sends too much after its answer is cut off before that", async () => {
  const { connect } = await startBed({ limits: { lingerBytes: 1_000_000, lingerTimeoutMs: 10_000 } });
  const client = await connect();
  client.send("BAD\r\n\r\n");
  await client.read(1);
  const startedAt = performance.now();
  await keepSending(client, 40_000_000);
  await eventually("it is cut off", () => client.closed);
  expect(performance.now() - startedAt).toBeLessThan(3_000);
});

test("a client that closes after its answer frees the connection at once", async () => {
  const { proxy, connect } = await startBed();
  const client = await connect();
  client.send("BAD\r\n\r\n");
  await client.read(1);
  client.fin();
  await eventually("it is gone", () => client.closed, 1_000);
  await pause(5);
  expect((await proxy.plane.counters()).clientConnections).toBe(0);
});
