/** Targets that speak HTTP/2 without TLS: what HTTP/1.1 clients get through the proxy while all is well. */
import { createHash } from "node:crypto";
import { type ServerHttp2Stream } from "node:http2";
import { expect, test } from "vitest";
import { eventually, pause } from "../support/eventually.ts";
import { type H2cApp } from "../support/h2c-app.ts";
import { hello, readAll, startH2cBed } from "../support/h2c-bed.ts";
import { valuesOf } from "../support/http-messages.ts";
import { get, post } from "../support/raw-client.ts";

test("a GET: fields both ways, forwarded fields, nothing of the connection; the session is used again", async () => {
  const { app, connect } = await startH2cBed((stream) => {
    stream.respond([":status", "201", "x-a", "1", "x-a", "2", "set-cookie", "a=1", "set-cookie", "b=2"] as never);
    stream.end("made");
  });
  const client = await connect();
  const fields = "X-Mixed: Caf\xe9\r\nConnection: close-not, x-gone\r\nX-Gone: 1\r\nTE: trailers\r\n";
  const response = await client.ask(get("/a%20b?q=1", "app.test:81", fields));
  expect([response.status, response.body]).toEqual([201, "made"]);
  expect([valuesOf(response, "x-a"), valuesOf(response, "set-cookie")]).toEqual([
    ["1", "2"],
    ["a=1", "b=2"],
  ]);
  expect(app.requests[0]).toMatchObject({
    ":method": "GET",
    ":path": "/a%20b?q=1",
    ":scheme": "http",
    ":authority": "app.test:81",
    "x-mixed": "Caf\xe9",
    te: "trailers",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-proto": "http",
    "x-forwarded-host": "app.test:81",
  });
  for (const gone of ["connection", "x-gone", "host"]) expect(app.requests[0]).not.toHaveProperty(gone);
  await client.ask(get("/again"));
  expect(app.opened).toHaveLength(1);
});

test("bodies of known and unknown length, empty ones, and responses without any", async () => {
  const { app, connect } = await startH2cBed((stream, headers) => {
    void readAll(stream).then((body) => {
      if (headers[":path"] === "/none") stream.respond({ ":status": 204 }, { endStream: true });
      else if (headers[":path"] === "/empty") stream.respond({ ":status": 200 }, { endStream: true });
      else {
        stream.respond({ ":status": 200, "x-length": headers["content-length"] ?? "unknown" });
        stream.end(`got ${body.toString()}`);
      }
    });
  });
  const client = await connect();
  const known = await client.ask(post("/", "some body"));
  expect([known.body, valuesOf(known, "x-length")]).toEqual(["got some body", ["9"]]);
  const chunked = await client.ask(
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
  );
  expect([chunked.body, valuesOf(chunked, "x-length")]).toEqual(["got abcdefg", ["unknown"]]);
  expect((await client.ask(post("/", ""))).body).toBe("got ");
  const empty = await client.ask(get("/empty"));
  expect([empty.status, valuesOf(empty, "content-length")]).toEqual([200, ["0"]]);
  expect((await client.ask(get("/none"))).status).toBe(204);
  expect((await client.ask(get("/").replace("GET", "HEAD"), "HEAD")).status).toBe(200);
  expect(app.opened).toHaveLength(1);
});

test("trailers travel both ways, and a response may begin before the request has ended", async () => {
  let requestTrailers: unknown;
  const { connect } = await startH2cBed((stream) => {
    stream.respond({ ":status": 200 }, { waitForTrailers: true });
    stream.on("trailers", (trailers) => {
      requestTrailers = trailers;
    });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "x-t": "done" }));
    stream.on("data", (chunk: Buffer) => stream.write(chunk.toString().toUpperCase()));
    stream.on("end", () => stream.end());
  });
  const client = await connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n3\r\nabc\r\n");
  expect(await client.until(() => client.text.includes("ABC"))).toBe(true);
  client.send("3\r\ndef\r\n");
  expect(await client.until(() => client.text.includes("DEF"))).toBe(true);
  client.send("0\r\nX-Sum: 42\r\n\r\n");
  const [response] = await client.read(1);
  expect(response?.trailers.map(([name, value]) => `${name.toLowerCase()}: ${value}`)).toEqual([
    "grpc-status: 0",
    "x-t: done",
  ]);
  expect(requestTrailers).toMatchObject({ "x-sum": "42" });
});

test("1xx pass, 100-continue comes from the target; too many are an error", async () => {
  let many = false;
  const { connect } = await startH2cBed((stream, headers) => {
    if (headers["expect"] === "100-continue") stream.additionalHeaders({ ":status": 100 });
    for (let hint = 0; hint < (many ? 20 : 1); hint++) stream.additionalHeaders({ ":status": 103, link: "</x>" });
    void readAll(stream).then((body) => {
      if (stream.destroyed) return;
      stream.respond({ ":status": 200 });
      stream.end(body);
    });
  });
  const client = await connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  expect(await client.until(() => client.text.includes("HTTP/1.1 100 "))).toBe(true);
  client.send("abc");
  const [response] = await client.read(1);
  expect([response?.status, response?.body]).toEqual([200, "abc"]);
  expect(client.text).toContain("HTTP/1.1 103 ");
  many = true;
  expect((await client.ask(get("/"))).status).toBe(502);
});

test("large bodies arrive whole both ways, and nothing piles up when somebody does not read [U-54]", async () => {
  const size = 24 * 1024 * 1024;
  const body = Buffer.alloc(size, "0123456789abcdef-");
  const sum = createHash("sha1").update(body).digest("hex");
  let written = 0;
  const { connect } = await startH2cBed((stream, headers) => {
    if (headers[":method"] === "POST") {
      void readAll(stream).then((received) => {
        stream.respond({ ":status": 200 });
        stream.end(createHash("sha1").update(received).digest("hex"));
      });
      return;
    }
    stream.respond({ ":status": 200 });
    const feed = (): void => {
      while (written < size) {
        const piece = body.subarray(written, written + 65_536);
        written += piece.length;
        if (!stream.write(piece)) return void stream.once("drain", feed);
      }
      stream.end();
    };
    feed();
  });
  const up = await connect();
  up.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`).send(body);
  expect((await up.read(1, [], 20_000))[0]?.body).toBe(sum);
  const down = await connect();
  down.socket.pause();
  down.send(get("/"));
  await pause(500);
  // What the kernel holds of a loopback connection is a few MB; the rest must still be with the target.
  expect(written).toBeLessThan(size / 2);
  down.socket.resume();
  expect(await down.until(() => down.receivedBytes > size, 20_000)).toBe(true);
  const [response] = await down.read(1);
  expect(
    createHash("sha1")
      .update(Buffer.from(response?.body ?? "", "latin1"))
      .digest("hex"),
  ).toBe(sum);
});

test("many exchanges share a session; maxStreamsPerSession opens another", async () => {
  const waiting: ServerHttp2Stream[] = [];
  const { app, connect } = await startH2cBed((stream) => void waiting.push(stream), {
    limits: { maxStreamsPerSession: 4 },
  });
  const clients = await Promise.all(Array.from({ length: 6 }, connect));
  clients[0]?.send(get("/"));
  await eventually("the first is there", () => waiting.length === 1);
  for (const client of clients.slice(1)) client.send(get("/"));
  await eventually("all are there", () => waiting.length === 6);
  expect(app.opened).toHaveLength(2);
  for (const stream of waiting) hello(stream, {});
  for (const client of clients) expect((await client.read(1))[0]?.body).toBe("hello");
});

test("a target that takes one stream at a time gets one; maxSessionsPerTarget bounds the sessions, the rest waits", async () => {
  let most = 0;
  const { app, connect } = await startH2cBed(
    (stream) => {
      const { session } = stream;
      const busy = app.requests.length;
      most = Math.max(most, app.sessions.size);
      expect([session?.destroyed, busy > 0]).toEqual([false, true]);
      setTimeout(() => hello(stream, {}), 10);
    },
    { streams: 1, limits: { maxSessionsPerTarget: 3 } },
  );
  const clients = await Promise.all(Array.from({ length: 12 }, connect));
  for (const client of clients) client.send(get("/"));
  for (const client of clients) expect((await client.read(1))[0]?.status).toBe(200);
  expect([most, app.opened.length]).toEqual([3, 3]);
});

test("who waits for a stream in vain is answered 504 after the connect timeout", async () => {
  const { connect } = await startH2cBed(() => undefined, {
    streams: 1,
    limits: { maxSessionsPerTarget: 1, connectTimeoutMs: 200 },
  });
  const [first, second] = [await connect(), await connect()];
  first.send(get("/"));
  await pause(50);
  expect((await second.ask(get("/"))).status).toBe(504);
});

test("a session that was silent is asked whether it lives before something unrepeatable is sent over it", async () => {
  const { app, connect } = await startH2cBed(hello, { limits: { freshEnoughMs: 0 } });
  const client = await connect();
  await client.ask(get("/"));
  let pings = 0;
  app.opened[0]?.on("ping", () => pings++);
  expect((await client.ask(post("/", "x"))).status).toBe(200);
  expect([pings, app.opened.length]).toEqual([1, 1]);
});

test("a drain waits for streams, then cuts them: 504 before the head, a break behind it", async () => {
  const { proxy, connect } = await startH2cBed((stream, headers) => {
    if (headers[":path"] === "/begun") {
      stream.respond({ ":status": 200 });
      stream.write("begun");
    } else if (headers[":path"] === "/slow") {
      setTimeout(() => hello(stream, {}), 100);
    }
  });
  const [slow, begun, silent] = [await connect(), await connect(), await connect()];
  slow.send(get("/slow"));
  begun.send(get("/begun"));
  silent.send(get("/silent"));
  expect(await begun.until(() => begun.text.includes("begun"))).toBe(true);
  const id = Object.keys((await proxy.plane.counters()).targets)[0] as string;
  await proxy.serve();
  expect(await proxy.plane.drain([id], { timeoutMs: 300, cut: true, upgraded: true })).toEqual({
    completed: 1,
    cut: 2,
  });
  expect((await slow.read(1))[0]?.body).toBe("hello");
  expect((await silent.read(1))[0]?.status).toBe(504);
  expect(await begun.until(() => begun.closed || begun.ended)).toBe(true);
  expect(begun.responses()[0]?.complete).toBe(false);
});

test("a replaced target's session ends when its last stream has; an idle one ends after poolIdleMs", async () => {
  const { app, proxy, connect } = await startH2cBed((stream) => void setTimeout(() => hello(stream, {}), 100), {
    limits: { poolIdleMs: 200 },
  });
  const client = await connect();
  await client.ask(get("/"));
  expect((await proxy.plane.counters()).targets["app-" + app.port]?.idleConnections).toBe(1);
  await eventually("the idle session is closed", () => app.sessions.size === 0);
  client.send(get("/"));
  await eventually("the request is there", () => app.requests.length === 2);
  await proxy.serve();
  expect((await client.read(2))[1]?.body).toBe("hello");
  await eventually("the retired session is closed", () => app.sessions.size === 0);
});

test("an upgrade cannot be passed on: the request goes as a plain one", async () => {
  const { app, connect } = await startH2cBed((stream) => {
    stream.respond({ ":status": 426 });
    stream.end();
  });
  const client = await connect();
  const fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n";
  expect((await client.ask(get("/", "a", fields))).status).toBe(426);
  for (const gone of ["upgrade", "connection"]) expect(app.requests[0]).not.toHaveProperty(gone);
});

test("metrics tell sessions opened, closed and used again", async () => {
  const { app, proxy, connect } = await startH2cBed(hello);
  const client = await connect();
  for (let request = 0; request < 3; request++) await client.ask(get("/"));
  const page = await proxy.metrics();
  expect(page).toMatch(/opened[^\n]* 1$/m);
  expect(page).toMatch(/reused[^\n]* 2$/m);
  expect((app satisfies H2cApp).opened).toHaveLength(1);
});
