/** Slow clients: each kind of slowness has its own limit, and what is merely slow but moving is left alone. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { DEFAULT_LIMITS } from "../../proxy/limits.ts";
import { connectTo, startBed } from "../support/bed.ts";
import { eventually, pause } from "../support/eventually.ts";
import { valuesOf } from "../support/http-messages.ts";
import { get, type RawClient } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";

/** Sends one character at a time until the connection ends. */
async function drip(client: RawClient, text: string, everyMs: number): Promise<void> {
  for (const character of text) {
    if (client.closed || client.ended) return;
    client.send(character);
    await pause(everyMs);
  }
}

test("as shipped, a client that drips its head is answered within 15 seconds", () => {
  // The tick of the deadlines adds a tenth of a second at most.
  expect(DEFAULT_LIMITS.headTimeoutMs + 200).toBeLessThan(15_000);
});

test("a dripped head is answered 408 when its time is over, however steadily it drips [W15]", async () => {
  const { app, connect } = await startBed({ limits: { headTimeoutMs: 300 } });
  const client = await connect();
  const startedAt = performance.now();
  await drip(client, get("/", "a.test", `X-Long: ${"x".repeat(200)}\r\n`), 10);
  const [response] = await client.read(1);
  expect(response?.status).toBe(408);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(valuesOf(response ?? { fields: [] }, "connection")).toEqual(["close"]);
  expect(client.ended).toBe(true);
  expect(app.receivedBytes).toBe(0);
});

test("the same goes for the second request of a connection", async () => {
  const { connect } = await startBed({ limits: { headTimeoutMs: 250 } });
  const client = await connect();
  await client.ask(get("/first"));
  await drip(client, get("/second", "a.test", `X-Long: ${"x".repeat(200)}\r\n`), 10);
  expect((await client.read(2)).map(({ status }) => status)).toEqual([200, 408]);
});

test("an empty line before a request does not buy more time", async () => {
  const { connect } = await startBed({ limits: { headTimeoutMs: 250 } });
  const client = await connect();
  const startedAt = performance.now();
  await drip(client, "\r\n".repeat(200), 5);
  await eventually("it is closed", () => client.ended || client.closed);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test("a body that stops coming is answered 408, and the target sees an abort [W15]", async () => {
  const { app, connect, log } = await startBed({ limits: { bodyTimeoutMs: 200 } });
  const client = await connect();
  client.send("POST /slow HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\nabc");
  const [response] = await client.read(1);
  expect(response?.status).toBe(408);
  expect(await client.until(() => client.ended)).toBe(true);
  await eventually("the target's connection closes", () => app.connections[0]?.aborted === true);
  expect((await log()).lines.map(({ status }) => status)).toEqual([408]);
});

test("a body that comes slowly but steadily is no reason to end it", async () => {
  const { connect } = await startBed({ limits: { bodyTimeoutMs: 250 } });
  const client = await connect();
  client.send("POST /steady HTTP/1.1\r\nHost: a.test\r\nContent-Length: 20\r\n\r\n");
  await drip(client, "x".repeat(20), 30);
  expect((await client.read(1))[0]?.body).toBe("app POST /steady 20");
});

test("a chunked body that stops inside a chunk size is answered 408", async () => {
  const { connect } = await startBed({ limits: { bodyTimeoutMs: 200 } });
  const client = await connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1");
  expect((await client.read(1))[0]?.status).toBe(408);
});

test("a body that stops after the response has begun breaks the connection", async () => {
  const { app, connect } = await startBed({ limits: { bodyTimeoutMs: 200 } });
  const client = await connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\nabc");
  await eventually("the target has it", () => app.requests.length === 1);
  app.connections[0]?.socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nxyz");
  await eventually("it breaks", () => client.closed || client.ended);
  expect(client.responses()[0]?.complete).toBe(false);
  await eventually("the target's connection closes", () => app.connections[0]?.closed === true);
});

test("a client that stops reading is given up, and its target is free again [W15]", async () => {
  const body = "x".repeat(40_000_000);
  const { app, connect, log } = await startBed({ limits: { writeTimeoutMs: 300 } });
  app.answer = () => okResponse(body);
  const client = await connect();
  client.socket.pause();
  client.send(get("/never-read"));
  await eventually("the target's connection closes", () => app.connections[0]?.closed === true);
  const { lines } = await log();
  expect(lines.map(({ status }) => status)).toEqual([200]);
  expect(Number(lines[0]?.["resp_content_length"])).toBeLessThan(body.length);
});

test("a client that reads slowly but steadily gets everything", async () => {
  const body = "x".repeat(20_000_000);
  const { app, connect } = await startBed({ limits: { writeTimeoutMs: 400 } });
  app.answer = () => okResponse(body);
  const client = await connect();
  client.send(get("/slowly"));
  const timer = setInterval(() => {
    client.socket.pause();
    setTimeout(() => client.socket.resume(), 20);
  }, 40);
  await client.until(() => client.receivedBytes > body.length, 20_000);
  const [response] = await client.read(1);
  clearInterval(timer);
  expect(response?.body.length).toBe(body.length);
});

test("a target that stops reading the request is a 504 after the same time", async () => {
  const { app, proxy, connect } = await startBed({ limits: { writeTimeoutMs: 300 } });
  const client = await connect();
  client.send(`POST /stuck HTTP/1.1\r\nHost: a.test\r\nContent-Length: 40000000\r\n\r\n`);
  await eventually("the head arrives", () => app.requests.length === 1);
  app.connections[0]?.socket.pause();
  client.send(Buffer.alloc(40_000_000));
  const [response] = await client.read(1);
  expect(response?.status).toBe(504);
  expect(proxy.events.join("")).toContain("target stopped reading the request");
});

test("a client that takes its time to read the last response of its connection gets all of it", async () => {
  const body = "x".repeat(12_000_000);
  const { connect } = await startBed({ limits: { lingerTimeoutMs: 200 }, answer: () => okResponse(body) });
  const client = await connect();
  client.send(get("/last", "a.test", "Connection: close\r\n"));
  await client.until(() => client.text.includes("\r\n\r\n"));
  client.socket.pause();
  await pause(900);
  client.socket.resume();
  await eventually("it ends", () => client.ended || client.closed, 5_000);
  expect(client.responses()[0]?.body.length).toBe(body.length);
});

test("a client that has sent everything and reads nothing is given up, too", async () => {
  const { app, connect } = await startBed({ limits: { writeTimeoutMs: 300 }, answer: () => null });
  const client = await connect();
  client.socket.pause();
  client.send("POST /echo HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nfirst");
  await eventually("the target has it", () => app.requests.length === 1);
  // The response begins before the request has ended, and is never read.
  app.connections[0]?.socket.write(okResponse("x".repeat(40_000_000)));
  await pause(150);
  client.send("-last");
  await eventually("the target's connection closes", () => app.connections[0]?.closed === true, 2_000);
  expect(app.requests[0]?.body).toBe("first-last");
});

test("a response that comes slowly is no reason to leave a client that has said its last word", async () => {
  const { app, connect } = await startBed({ limits: { halfCloseTimeoutMs: 300 }, answer: () => null });
  const client = await connect();
  client.send(get("/drops")).fin();
  await eventually("the request arrives", () => app.requests.length === 1);
  const target = app.connections[0]?.socket;
  target?.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
  for (let turn = 0; turn < 10; turn++) {
    await pause(90);
    target?.write(String(turn));
  }
  expect((await client.read(1))[0]?.body).toBe("0123456789");
});

test("whatever of the last response is still unsent when its connection ends, is sent", async () => {
  const { app, proxy } = await startBed({ limits: { lingerTimeoutMs: 150 }, answer: () => null });
  // A listener of the test's own, to see what the proxy has not got rid of yet.
  const accepted: Socket[] = [];
  const unsent = (): number => accepted[0]?.writableLength ?? 0;
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    accepted.push(socket);
    proxy.plane.accept(socket);
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  onTestFinished(() => void listener.close());
  const client = await connectTo((listener.address() as AddressInfo).port);
  client.socket.pause();
  client.send(get("/", "a.test", "Connection: close\r\n"));
  await eventually("the request arrives", () => app.requests.length === 1);
  const target = app.connections[0]?.socket;
  target?.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  let sent = 0;
  while (unsent() === 0) {
    target?.write(`4000\r\n${"x".repeat(0x4000)}\r\n`);
    sent += 0x4000;
    await new Promise(setImmediate);
  }
  target?.write("0\r\n\r\n");
  await pause(600);
  expect(unsent(), "still unsent").toBeGreaterThan(0);
  client.socket.resume();
  await client.until(() => client.ended || client.closed);
  expect([client.responses()[0]?.complete, client.responses()[0]?.body.length]).toEqual([true, sent]);
});
