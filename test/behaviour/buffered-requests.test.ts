/** Buffered requests: targets see whole ones only, within the limit, as often as they have to be sent. */
import { type AddressInfo, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { startTarget } from "../support/bed.ts";
import { BOTH, chunk, OFF, openSpills, spillsLeft, startBufferedBed } from "../support/buffered-bed.ts";
import { eventually, pause } from "../support/eventually.ts";
import { valueOf, valuesOf } from "../support/http-messages.ts";
import { get, post } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";
import { service, target } from "../support/running-proxy.ts";

const MB = 1024 * 1024;
const CHUNKED_HEAD = "POST /up HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n";

test("a body within the limits passes, also where it goes on in a file [A88]", async () => {
  const { app, connect } = await startBufferedBed({ memoryBytes: 4, maxRequestBytes: 10 });
  const client = await connect();
  expect((await client.ask(post("/", "12345678"))).status).toBe(200);
  expect(app.requests[0]?.body).toBe("12345678");
  expect(valueOf(app.requests[0] ?? { fields: [] }, "content-length")).toBe("8");
  await eventually("nothing is left", () => spillsLeft().length === 0);
});

test("a body over the limit is a 413 before any target is asked [A89]", async () => {
  const { app, connect } = await startBufferedBed({ memoryBytes: 4, maxRequestBytes: 8 });
  const client = await connect();
  const response = await client.ask(post("/", "123456789"));
  expect([response.status, valueOf(response, "connection")]).toEqual([413, "close"]);
  expect(response.body).toContain("Content Too Large");
  expect(await client.until(() => client.ended)).toBe(true);
  expect(app.connections).toEqual([]);
});

test("a length that says too much is refused before a byte of the body comes, and before 100 Continue", async () => {
  const { app, connect } = await startBufferedBed({ maxRequestBytes: 8 });
  const client = await connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
  const [response] = await client.read(1);
  expect([response?.status, response?.informational.length]).toEqual([413, 0]);
  expect(app.connections).toEqual([]);
});

test("a chunked body is refused as soon as it exceeds the limit; the client can read why", async () => {
  const { app, connect } = await startBufferedBed({ memoryBytes: 4, maxRequestBytes: 8 });
  const client = await connect();
  client.send(CHUNKED_HEAD + chunk("12345678"));
  await pause(30);
  expect(client.text).toBe("");
  client.send(chunk("9"));
  const [response] = await client.read(1);
  expect([response?.status, valueOf(response ?? { fields: [] }, "connection")]).toEqual([413, "close"]);
  // Lingering: what it goes on to send does not reset the answer away.
  client.send("x".repeat(100_000));
  expect(await client.until(() => client.ended)).toBe(true);
  expect(client.error).toBeUndefined();
  expect(app.connections).toEqual([]);
  await eventually("nothing is left", () => spillsLeft().length === 0);
});

test("malformed chunking is a 400, and no target hears of it [A90]", async () => {
  const { app, connect, log } = await startBufferedBed({});
  const client = await connect();
  client.send(`${CHUNKED_HEAD}5\r\nhello\r\nnonsense\r\n`);
  const [response] = await client.read(1);
  expect([response?.status, valueOf(response ?? { fields: [] }, "connection")]).toEqual([400, "close"]);
  expect(app.connections).toEqual([]);
  expect((await log()).lines.map(({ status }) => status)).toEqual([400]);
});

test("malformed chunking without buffering is a 400 as well [A209]", async () => {
  const { connect } = await startBufferedBed(OFF);
  const client = await connect();
  client.send(`${CHUNKED_HEAD}5\r\nhello\r\nnonsense\r\n`);
  expect((await client.read(1))[0]?.status).toBe(400);
});

test("a client that leaves in the middle of its upload reaches no target: 499 in the log, nothing left", async () => {
  const { app, connect, log } = await startBufferedBed({ memoryBytes: 4 });
  const client = await connect();
  client.send(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 400000\r\n\r\n${"x".repeat(300_000)}`);
  await eventually("the body goes to a file", () => openSpills().length === 1);
  client.fin();
  await eventually("the connection closes", () => client.closed);
  expect((await log()).lines.map(({ status }) => status)).toEqual([499]);
  expect(app.connections).toEqual([]);
  await eventually("the file is gone", () => spillsLeft().length === 0);
});

test("chunked stays chunked, trailers included; an empty body stays one", async () => {
  const { app, connect } = await startBufferedBed({ memoryBytes: 4 });
  const client = await connect();
  await client.ask(`${CHUNKED_HEAD}${chunk("hello")}${chunk("world")}0\r\nX-Sum: 1\r\n\r\n`);
  await client.ask(`${CHUNKED_HEAD}0\r\n\r\n`);
  const [first, second] = app.requests;
  expect([first?.framing, first?.body, first?.trailers]).toEqual(["chunked", "helloworld", [["X-Sum", "1"]]]);
  expect([second?.framing, second?.body]).toEqual(["chunked", ""]);
});

test("the proxy says 100 Continue itself, once, and asks no target whether the body may come", async () => {
  const { app, connect } = await startBufferedBed({});
  const client = await connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  expect(await client.until(() => client.text === "HTTP/1.1 100 Continue\r\n\r\n")).toBe(true);
  expect(app.connections).toEqual([]);
  client.send("hello");
  const [response] = await client.read(1);
  expect([response?.status, response?.informational.length]).toEqual([200, 1]);
  expect(valuesOf(app.requests[0] ?? { fields: [] }, "expect")).toEqual([]);
  expect(app.requests[0]?.body).toBe("hello");
});

test("a slow upload claims no target: a drain does not wait for it, and it goes to the new one", async () => {
  const { proxy, app, connect } = await startBufferedBed({});
  const next = await startTarget("next");
  const client = await connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhello");
  await pause(30);
  await proxy.serve(service("app", [next.port], { buffering: BOTH }));
  const drained = proxy.plane.drain([`app-${app.port}`], { timeoutMs: 5_000, cut: true, upgraded: true });
  expect(await drained).toEqual({ completed: 0, cut: 0 });
  client.send("world");
  expect((await client.read(1))[0]?.body).toBe("next POST / 10");
  expect(app.connections).toEqual([]);
});

test("a body that is here goes to another target when the first cannot be reached, whole", async () => {
  const { proxy, app, connect } = await startBufferedBed({});
  const gone = await startTarget("gone");
  const dead = gone.port;
  await gone.stop();
  await proxy.serve(
    service("app", [], {
      buffering: { ...BOTH, memoryBytes: 4 },
      targets: [target("dead", dead), target("app", app.port)],
    }),
  );
  const client = await connect();
  for (let index = 0; index < 4; index++) {
    expect((await client.ask(post("/", `body number ${index}`))).status).toBe(200);
  }
  expect(app.requests.map(({ body }) => body)).toEqual([0, 1, 2, 3].map((index) => `body number ${index}`));
  expect(app.requests).toHaveLength(4);
});

test("a PUT whose idle connection had died is sent again from its first byte", async () => {
  const { app, connect } = await startBufferedBed({ memoryBytes: 1000 });
  const client = await connect();
  await client.ask(get("/"));
  app.answer = (_, connection) => {
    app.answer = () => okResponse("second");
    connection.socket.destroy();
    return null;
  };
  const body = "p".repeat(200_000);
  const response = await client.ask(`PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  expect([response.status, response.body]).toEqual([200, "second"]);
  expect(app.requests.at(-1)?.body).toBe(body);
  await eventually("nothing is left", () => spillsLeft().length === 0);
});

test("paused meanwhile: the whole request waits, and goes on at the resume", async () => {
  const { proxy, app, connect } = await startBufferedBed({});
  const client = await connect();
  client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhello");
  await pause(20);
  const route = service("app", [app.port], { buffering: BOTH });
  await proxy.serve({ ...route, gate: { state: "paused", maxPauseMs: 5_000 } });
  client.send("world");
  await pause(30);
  expect((await proxy.plane.counters()).services["app"]?.waiting).toBe(1);
  await proxy.serve(route);
  expect((await client.read(1))[0]?.status).toBe(200);
  expect(app.requests[0]?.body).toBe("helloworld");
});

test("stopped or removed meanwhile: 503 or 404, no target", async () => {
  const { proxy, app, connect } = await startBufferedBed({});
  const route = service("app", [app.port], { buffering: BOTH });
  for (const [status, tables] of [
    [503, [{ ...route, gate: { state: "stopped", message: "gone fishing" } }]],
    [404, []],
  ] as const) {
    await proxy.serve(route);
    const client = await connect();
    client.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nhello");
    await pause(20);
    await proxy.serve(...tables);
    client.send("world");
    expect((await client.read(1))[0]?.status).toBe(status);
  }
  expect(app.connections).toEqual([]);
});

test("pipelined requests with bodies are answered in order", async () => {
  const { connect } = await startBufferedBed({ memoryBytes: 3 });
  const client = await connect();
  client.send(post("/1", "one") + post("/2", "twotwo") + get("/3") + post("/4", "four"));
  const bodies = (await client.read(4)).map(({ body }) => body);
  expect(bodies).toEqual(["app POST /1 3", "app POST /2 6", "app GET /3 0", "app POST /4 4"]);
});

test("a target that says no before it has read everything is heard", async () => {
  const refusing = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.pause();
      socket.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    });
  });
  await new Promise<void>((resolve) => {
    refusing.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => void refusing.close());
  const { proxy, connect } = await startBufferedBed({});
  const { port } = refusing.address() as AddressInfo;
  await proxy.serve(service("app", [port], { buffering: { ...BOTH, memoryBytes: 1000 } }));
  const client = await connect();
  const body = Buffer.alloc(16 * MB, "b");
  client.send(`POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${body.length}\r\n\r\n`).send(body);
  const [response] = await client.read(1);
  expect([response?.status, response?.body]).toEqual([403, "no"]);
  await eventually("nothing is left", () => spillsLeft().length === 0);
  // The client has sent all of it: its connection is as good as before.
  expect((await client.ask(get("/"))).status).toBe(403);
});
