/** Bodies over HTTP/2, both ways: whole, streamed, paused, cut off, with trailers, held, sent twice. */
import { once } from "node:events";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { OFF } from "../support/buffered-bed.ts";
import { eventually, pause, settled } from "../support/eventually.ts";
import { valuesOf } from "../support/http-messages.ts";
import { ask, startHttp2Bed } from "../support/http2-bed.ts";
import { Code, END_HEADERS, END_STREAM, Frame, frame, headerBlock, headers, uint32 } from "../support/http2-frames.ts";
import { okResponse } from "../support/recording-upstream.ts";
import { service, tlsRoute } from "../support/running-proxy.ts";
import { unusedPort } from "../support/unused-port.ts";

const POST = { ":method": "POST" };
const HEADERS_ONLY = END_HEADERS;

test("bodies of known and of unknown length arrive as what they are", async () => {
  const { app, session } = await startHttp2Bed({ answer: (request) => okResponse(request.body, request) });
  const client = await session();
  for (const size of [0, 1, 100, 16_384, 70_000, 1_500_000]) {
    const body = "b".repeat(size);
    for (const extra of [{}, { "content-length": size }]) {
      const response = await ask(client, { ...POST, ...extra }, body);
      expect([response.status, response.body === body], `${size}`).toEqual([200, true]);
      const request = app.requests.at(-1);
      expect([request?.framing, request?.body === body]).toEqual([
        "content-length" in extra ? "length" : "chunked",
        true,
      ]);
    }
  }
});

test("a small upload reaches the target in one piece with its head", async () => {
  const pieces: number[] = [];
  const { app, session } = await startHttp2Bed();
  const client = await session();
  await ask(client);
  app.connections[0]?.socket.on("data", (chunk: Buffer) => pieces.push(chunk.length));
  await ask(client, { ...POST, "content-length": 5 }, "hello");
  await ask(client, POST, "hello");
  expect(app.connections.length).toBe(1);
  expect(pieces.length).toBe(2);
});

test("a response streams as it is made, and ends with its trailers, as gRPC needs it", async () => {
  const { app, session } = await startHttp2Bed({ answer: () => null });
  const stream = (await session()).request({ ":path": "/", ":authority": "a.test", te: "trailers" });
  const seen: string[] = [];
  stream.on("data", (chunk: Buffer) => seen.push(chunk.toString()));
  stream.on("trailers", (trailers) => seen.push(["status", trailers["grpc-status"], trailers["x-two"]].join(" ")));
  await eventually("it is asked", () => app.requests.length === 1);
  const target = app.connections[0]?.socket;
  target?.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  await eventually("the first piece", () => seen.join() === "one");
  target?.write("3\r\ntwo\r\n");
  await eventually("the second piece", () => seen.join() === "one,two");
  target?.write("0\r\nGrpc-Status: 0\r\nX-Two: a\r\nX-Two: b\r\nContent-Length: 9\r\n\r\n");
  await once(stream, "close");
  expect([seen, stream.rstCode]).toEqual([["one", "two", "status 0 a, b"], 0]);
  expect(valuesOf(app.requests[0] ?? { fields: [] }, "te")).toEqual(["trailers"]);
});

test("a response may announce trailers and have none, or come with them in one piece", async () => {
  const { app, session } = await startHttp2Bed({
    answer: () => "HTTP/1.1 200 OK\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  });
  const client = await session();
  expect(await ask(client)).toMatchObject({ status: 200, body: "abc", trailers: null, code: 0 });
  app.answer = () => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n";
  expect(await ask(client)).toMatchObject({ status: 200, body: "abc", trailers: { "x-t": "1" }, code: 0 });
  app.answer = () => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n";
  expect(await ask(client)).toMatchObject({ status: 200, body: "", trailers: { "x-t": "1" }, code: 0 });
});

test("a request's trailers reach the target, without those that frame, route or authenticate [H2-18]", async () => {
  const { app, session, frames } = await startHttp2Bed();
  const response = await ask(await session(), POST, "hello", { "x-sum": "5", authorization: "Basic eA==" });
  expect(response.status).toBe(200);
  expect([app.requests[0]?.body, app.requests[0]?.trailers]).toEqual(["hello", [["x-sum", "5"]]]);
  app.forget();
  const raw = await frames();
  for (const [index, trailer] of [":path", "transfer-encoding", "content-length", "host"].entries()) {
    const id = 1 + 2 * index;
    raw.send(headers(id, [[":method", "POST"]], HEADERS_ONLY), frame(Frame.Data, 0, id, Buffer.from("abc")));
    raw.send(
      frame(
        Frame.Headers,
        END_STREAM | END_HEADERS,
        id,
        headerBlock([
          [trailer, "5"],
          ["x-fine", "1"],
        ]),
      ),
    );
    await eventually("an end", () => raw.ended(id) || raw.closed);
  }
  // Reset where the protocol says so; where it passes, nothing of it does.
  for (const request of app.requests.filter(({ complete }) => complete)) {
    expect(request.trailers.map(([name]) => name)).toEqual(["x-fine"]);
    expect(request.target).toBe("/");
  }
});

test("large responses arrive whole, byte for byte, while the client reads at its pace", async () => {
  const chunk = Buffer.alloc(256 * 1024, Buffer.from(Array.from({ length: 256 }, (_, value) => value)));
  const total = 200 * chunk.length;
  const { app, session } = await startHttp2Bed({ answer: () => null });
  const stream = (await session()).request({ ":path": "/", ":authority": "a.test" });
  stream.pause();
  await eventually("it is asked", () => app.requests.length === 1);
  const target = app.connections[0]?.socket;
  target?.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
  for (let index = 0; index < 200; index++) target?.write(chunk);
  const unsent = await settled(() => target?.writableLength ?? 0, 150);
  expect(unsent).toBeGreaterThan(total / 2);
  let received = 0;
  let wrong = 0;
  stream.on("data", (piece: Buffer) => {
    const from = received % 256;
    if (!piece.equals(chunk.subarray(from, from + piece.length))) wrong++;
    received += piece.length;
  });
  stream.resume();
  await once(stream, "close");
  expect([received, wrong, stream.rstCode]).toEqual([total, 0, 0]);
});

test("a target that reads slowly slows the upload down, and gets all of it", async () => {
  const { app, session } = await startHttp2Bed();
  const client = await session();
  await ask(client);
  app.connections[0]?.socket.pause();
  const size = 60_000_000;
  const stream = client.request({ ":path": "/up", ":authority": "a.test", ...POST, "content-length": size });
  stream.resume();
  Readable.from(Array.from({ length: 60 }, () => Buffer.alloc(size / 60, "u"))).pipe(stream);
  const waiting = await settled(() => client.socket.bytesWritten, 150);
  expect(waiting).toBeLessThan(size / 2);
  // Other streams of the connection are not held up by that.
  expect((await ask(client, { ":path": "/beside" })).status).toBe(200);
  const paused = app.connections[0];
  let bytes = 0;
  paused?.socket.removeAllListeners("data");
  paused?.socket.on("data", (piece: Buffer) => {
    bytes += piece.length;
  });
  paused?.socket.resume();
  await eventually("everything has arrived", () => bytes > size, 20_000);
  paused?.socket.write(okResponse("done"));
  await once(stream, "close");
  expect(stream.rstCode).toBe(0);
});

test("a body that is not as long as it says never becomes a complete request [H2-14]", async () => {
  for (const [said, sent] of [
    [10, ["abc"]],
    [3, ["abc", "d"]],
    [3, ["abcd"]],
  ] as const) {
    const { app, frames } = await startHttp2Bed();
    const raw = await frames();
    raw.send(
      headers(
        1,
        [
          [":method", "POST"],
          ["content-length", `${said}`],
        ],
        HEADERS_ONLY,
      ),
    );
    await pause(20);
    for (const [index, piece] of sent.entries()) {
      raw.send(frame(Frame.Data, index === sent.length - 1 ? END_STREAM : 0, 1, Buffer.from(piece)));
      await pause(20);
    }
    await eventually(`an end of ${said} ${sent.join()}`, () => raw.ended(1) || raw.closed);
    // Too much of it may cost the client its connection.
    expect([raw.reset(1), raw.goAway === undefined], `${said} ${sent.join()}`).toEqual(
      raw.closed ? [undefined, false] : [Code.Protocol, true],
    );
    await eventually("the target knows", () => app.connections.every(({ closed }) => closed));
    expect(app.requests.filter(({ complete }) => complete)).toEqual([]);
  }
});

test("a client that cancels takes its request away from the target, and nobody else's", async () => {
  const { app, frames, log } = await startHttp2Bed({
    answer: ({ target }) => (target === "/slow" ? null : okResponse("ok")),
  });
  const raw = await frames();
  raw.send(
    headers(
      1,
      [
        [":method", "POST"],
        [":path", "/slow"],
      ],
      HEADERS_ONLY,
    ),
    frame(Frame.Data, 0, 1, Buffer.from("half")),
  );
  raw.send(headers(3, [[":path", "/slow"]]));
  await eventually("both are there", () => app.connections.length === 2 && app.requests.length === 2);
  raw.send(frame(Frame.Reset, 0, 1, uint32(Code.Cancel)), frame(Frame.Reset, 0, 3, uint32(Code.Cancel)));
  await eventually("both are cut off", () => app.connections.every(({ closed }) => closed));
  expect(app.connections.filter(({ aborted }) => aborted).length).toBe(1);
  raw.send(headers(5));
  await eventually("an answer", () => raw.ended(5));
  expect((await log()).lines.map(({ status }) => status)).toEqual([499, 499, 200]);
});

test("a reset without an error is not taken for the end of a body", async () => {
  const { app, frames } = await startHttp2Bed();
  const raw = await frames();
  raw.send(headers(1, [[":method", "POST"]], HEADERS_ONLY), frame(Frame.Data, 0, 1, Buffer.from("half")));
  await eventually("half of it is there", () => app.requests.length === 1);
  raw.send(frame(Frame.Reset, 0, 1, Buffer.alloc(4)));
  await eventually("it is cut off", () => app.connections[0]?.closed === true);
  expect(app.connections[0]?.aborted).toBe(true);
});

test("an answer before the whole body ends the upload, and the connection goes on", async () => {
  const { app, session } = await startHttp2Bed({ answer: () => okResponse("after") });
  const client = await session();
  const stream = client.request({ ":path": "/early", ":authority": "a.test", ...POST });
  stream.on("error", () => undefined);
  let body = "";
  stream.on("data", (chunk: Buffer) => {
    body += chunk.toString();
  });
  stream.write("first");
  await eventually("it is there", () => app.requests.length === 1);
  app.connections[0]?.socket.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
  await once(stream, "close");
  expect([body, stream.rstCode]).toEqual(["big", 0]);
  expect((await ask(client)).body).toBe("after");
});

test("an answer with trailers before the whole body has them, as gRPC refuses a call", async () => {
  const { app, frames } = await startHttp2Bed({ answer: () => null });
  for (const pieces of [
    ["", "3\r\nabc\r\n0\r\nGrpc-Status: 7\r\n\r\n"],
    ["3\r\nabc\r\n", "0\r\nGrpc-Status: 7\r\n\r\n"],
  ]) {
    app.forget();
    const raw = await frames();
    raw.send(
      headers(
        1,
        [
          [":method", "POST"],
          ["te", "trailers"],
        ],
        HEADERS_ONLY,
      ),
      frame(Frame.Data, 0, 1, Buffer.from("x")),
    );
    await eventually("it is there", () => app.requests.length === 1);
    const target = app.requests[0]?.connection.socket;
    target?.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${pieces[0]}`);
    await pause(30);
    target?.write(pieces[1] ?? "");
    await eventually("the stream is over", () => raw.reset(1) !== undefined);
    expect([raw.body(1), raw.of(Frame.Headers, 1).map(({ flags }) => flags & END_STREAM), raw.reset(1)]).toEqual([
      "abc",
      [0, END_STREAM],
      Code.None,
    ]);
  }
});

test("a response that breaks off is reset, never ended", async () => {
  for (const head of ["Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"]) {
    const { session } = await startHttp2Bed({
      answer: (_, connection) => {
        connection.socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n5\r\nabcde\r\n`);
        setTimeout(() => connection.socket.destroy(), 30);
        return null;
      },
    });
    const response = await ask(await session());
    expect([response.status, response.code]).toEqual([200, Code.Internal]);
  }
});

test("a small body is sent again where a pooled connection turns out to be dead", async () => {
  const { app, session } = await startHttp2Bed();
  const client = await session();
  await ask(client);
  // The target closes the idle connection at the moment at which the next request arrives on it.
  const { answer } = app;
  app.answer = (request, connection) => {
    if (connection !== app.connections[0]) return answer(request, connection);
    connection.socket.destroy();
    return null;
  };
  const response = await ask(client, { ":method": "PUT", "content-length": 5 }, "twice");
  expect([response.status, response.body]).toEqual([200, "app PUT / 5"]);
  expect(app.requests.filter(({ method }) => method === "PUT").map(({ body }) => body)).toEqual(["twice", "twice"]);
});

test("a body that waits for a connection goes elsewhere when there is none to be had", async () => {
  const { app, session, proxy } = await startHttp2Bed();
  await proxy.serve(service("app", [await unusedPort(), app.port], { tls: tlsRoute() }));
  const client = await session();
  for (let index = 0; index < 4; index++) {
    const response = await ask(client, POST, "b".repeat(50_000));
    expect([response.status, response.body]).toEqual([200, "app POST / 50000"]);
  }
});

test("buffered both ways: whole requests, whole responses, too large ones refused", async () => {
  const buffering = { ...OFF, requests: true, responses: true, maxRequestBytes: 100_000, maxResponseBytes: 100_000 };
  const { app, session } = await startHttp2Bed({ route: { buffering } });
  const client = await session();
  const slow = client.request({ ":path": "/slow", ":authority": "a.test", ...POST });
  slow.resume();
  slow.write("half");
  await pause(60);
  expect(app.requests).toEqual([]);
  slow.end("whole");
  await once(slow, "close");
  expect([app.requests[0]?.body, app.requests[0]?.framing]).toEqual(["halfwhole", "chunked"]);
  expect((await ask(client, POST, "b".repeat(99_000))).body).toBe("app POST / 99000");
  expect((await ask(client, POST, "b".repeat(100_001))).status).toBe(413);
  app.answer = (request) => okResponse("r".repeat(90_000), request);
  expect((await ask(client)).body.length).toBe(90_000);
  app.answer = (request) => okResponse("r".repeat(100_001), request);
  expect((await ask(client)).status).toBe(502);
});

test("a drain's deadline cuts a stream: 504 where nothing was said, a reset where something was", async () => {
  const { app, session, proxy } = await startHttp2Bed({ answer: () => null });
  const client = await session();
  const silent = ask(client, { ":path": "/silent" });
  const begun = ask(client, { ":path": "/begun" });
  await eventually("both are there", () => app.requests.length === 2);
  const connection = app.connections.find(({ requests }) => requests[0]?.target === "/begun");
  connection?.socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  await pause(30);
  await proxy.plane.drain([`app-${app.port}`], { timeoutMs: 50, cut: true, upgraded: true });
  expect([(await silent).status, (await begun).status, (await begun).code]).toEqual([504, 200, Code.Internal]);
});
