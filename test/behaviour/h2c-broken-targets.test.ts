/** Targets that speak HTTP/2 without TLS and break, refuse, hang or leave; and clients that leave them. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { eventually, pause } from "../support/eventually.ts";
import { startH2cApp } from "../support/h2c-app.ts";
import {
  CANCEL,
  dataFrame,
  END_STREAM,
  failuresOf,
  goawayFrame,
  hello,
  okHead,
  REFUSED,
  readAll,
  resetFrame,
  startFrames,
  startH2cBed,
  startH2cProxy,
} from "../support/h2c-bed.ts";
import { startHttp2Bed } from "../support/http2-bed.ts";
import { Frame, uint32 } from "../support/http2-frames.ts";
import { get, post, type RawClient } from "../support/raw-client.ts";
import { service, tlsRoute } from "../support/running-proxy.ts";
import { unusedPort } from "../support/unused-port.ts";

test("a stream that the target resets: 502 before the head, a visible break behind it", async () => {
  let behindHead = false;
  const { port } = await startFrames((socket, stream) => {
    if (behindHead)
      socket.write(Buffer.concat([okHead(stream), dataFrame(stream, "abc", 0), resetFrame(stream, CANCEL)]));
    else socket.write(resetFrame(stream, CANCEL));
  });
  const { proxy, connect } = await startH2cProxy(port);
  const client = await connect();
  expect((await client.ask(get("/"))).status).toBe(502);
  behindHead = true;
  client.send(get("/"));
  expect(await client.until(() => client.closed || client.ended)).toBe(true);
  expect(client.responses().at(-1)?.complete).toBe(false);
  expect(failuresOf(proxy)).toEqual(["target reset the HTTP/2 stream", "target reset the HTTP/2 stream"]);
});

test("a refused stream is sent again once, whatever the method; a second refusal is 502 [U-58]", async () => {
  let refusals = 1;
  const { port } = await startFrames((socket, stream) => {
    if (refusals-- > 0) socket.write(resetFrame(stream, REFUSED));
    else socket.write(Buffer.concat([okHead(stream), dataFrame(stream, "second")]));
  });
  const { proxy, connect } = await startH2cProxy(port);
  const client = await connect();
  expect((await client.ask(post("/", "body"))).body).toBe("second");
  refusals = 2;
  expect((await client.ask(post("/", "body"))).status).toBe(502);
  expect(failuresOf(proxy)).toEqual(["target refused the HTTP/2 stream"]);
});

test.each(["HTTP/1.1", "HTTP/2"])("%s: what comes of a body between two attempts is the second one's", async (from) => {
  const bodies: Buffer[] = [];
  let attempts = 0;
  const app = await startH2cApp((stream) => {
    if (attempts++ === 0) return stream.close(REFUSED);
    void readAll(stream).then((body) => {
      bodies.push(body);
      stream.respond({ ":status": 200 }, { endStream: true });
    });
  });
  // The second session can only begin when everything has been sent.
  const dialled: Socket[] = [];
  const door = createServer({ pauseOnConnect: true }, (socket) => {
    dialled.push(socket.on("error", () => undefined));
    if (dialled.length === 1) open(socket);
  });
  const open = (socket: Socket): void => {
    const inside = connect(app.port, "127.0.0.1").on("error", () => undefined);
    socket.pipe(inside).pipe(socket);
    onTestFinished(() => void inside.destroy());
  };
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void door.close());
  const bed = await startHttp2Bed();
  const route = { targetProtocol: "h2c", tls: tlsRoute({ redirect: false }) } as const;
  await bed.proxy.serve(service("app", [(door.address() as AddressInfo).port], route));
  let client: { write(piece: string): unknown };
  if (from === "HTTP/2") {
    client = (await bed.session()).request({
      ":method": "POST",
      ":path": "/",
      ":authority": "a.test",
      "content-length": 30,
    });
  } else {
    const raw = await bed.connect();
    raw.send("POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 30\r\n\r\n");
    client = { write: (piece) => raw.send(piece) };
  }
  await eventually("the second attempt is on its way", () => dialled.length === 2);
  for (const piece of ["first half, ", "and the second one"]) {
    client.write(piece);
    await pause(20);
  }
  open(dialled[1] as Socket);
  if ("end" in client && typeof client.end === "function") client.end();
  await eventually("the second attempt has it all", () => bodies.length === 1);
  expect(String(bodies[0])).toBe("first half, and the second one");
});

test("a session that has gone silent is found out, even by clients that do not wait for its answers", async () => {
  const { port, connections } = await startFrames((socket, stream, connection) => {
    if (connection > 0 || stream === 1) socket.write(Buffer.concat([okHead(stream), dataFrame(stream, "hello")]));
    else socket.pause();
  });
  const { connect } = await startH2cProxy(port, { limits: { freshEnoughMs: 50, connectTimeoutMs: 200 } });
  expect((await (await connect()).ask(get("/"))).body).toBe("hello");
  await pause(100);
  for (let tries = 0; tries < 20 && connections() === 1; tries++) {
    const client = await connect();
    client.send(get("/"));
    await pause(50);
    client.reset();
  }
  expect((await (await connect()).ask(get("/"))).body).toBe("hello");
});

test.each([0, 2])("GOAWAY with code %d: streams beyond the last one go again on a new session [U-58]", async (code) => {
  const { port, connections } = await startFrames((socket, stream, connection) => {
    if (connection === 0) socket.write(goawayFrame(0, code));
    else socket.write(Buffer.concat([okHead(stream), dataFrame(stream, `session ${connection}`)]));
  });
  const { connect } = await startH2cProxy(port);
  const client = await connect();
  expect((await client.ask(post("/", "body"))).body).toBe("session 1");
  expect((await client.ask(get("/"))).body).toBe("session 1");
  expect(connections()).toBe(2);
});

test("GOAWAY in the midst of a response: that one ends in peace, the next one uses a new session", async () => {
  const { app, connect } = await startH2cBed((stream, headers) => {
    stream.respond({ ":status": 200 });
    stream.write("one ");
    if (headers[":path"] === "/last") stream.session?.goaway(0, stream.id ?? 0);
    setTimeout(() => stream.end("two"), 50);
  });
  const client = await connect();
  expect((await client.ask(get("/last"))).body).toBe("one two");
  expect((await client.ask(get("/next"))).body).toBe("one two");
  expect(app.opened).toHaveLength(2);
});

test("a target that dies: what was idempotent and on a session in use goes again, a POST is 502, a response breaks", async () => {
  let alive = true;
  const { app, connect } = await startH2cBed((stream, headers) => {
    if (headers[":path"] === "/half") {
      stream.respond({ ":status": 200 });
      stream.write("half");
      setTimeout(() => stream.session?.socket.destroy(), 20);
    } else if (alive) {
      hello(stream, {});
    } else {
      alive = true;
      stream.session?.socket.destroy();
    }
  });
  const client = await connect();
  expect((await client.ask(get("/"))).status).toBe(200);
  alive = false;
  expect((await client.ask(get("/"))).status).toBe(200);
  alive = false;
  expect((await client.ask(post("/", "once"))).status).toBe(502);
  expect(app.requests.filter((headers) => headers[":method"] === "POST")).toHaveLength(1);
  const broken = await connect();
  broken.send(get("/half"));
  expect(await broken.until(() => broken.closed || broken.ended)).toBe(true);
  expect(broken.responses().every((response) => !response.complete)).toBe(true);
});

test("nobody there, or nobody who speaks HTTP/2: 502, and another target is asked when nothing was sent", async () => {
  const gone = await unusedPort();
  const { connect } = await startH2cProxy(gone);
  expect((await (await connect()).ask(get("/"))).status).toBe(502);
  const app = await startH2cApp(hello);
  const two = await startH2cProxy(gone, { ports: [gone, app.port] });
  for (let request = 0; request < 4; request++) {
    expect((await (await two.connect()).ask(post("/", "x"))).status).toBe(200);
  }
  const http1 = createServer((socket) => void socket.on("error", () => undefined).end("HTTP/1.1 400 Bad\r\n\r\n"));
  await new Promise<void>((resolve) => http1.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void http1.close());
  const other = await startH2cProxy((http1.address() as AddressInfo).port);
  expect((await (await other.connect()).ask(get("/"))).status).toBe(502);
  expect(failuresOf(other.proxy)).toEqual(["target does not speak HTTP/2 without TLS"]);
});

test("no response in time is 504, and the stream is reset", async () => {
  let code = -1;
  const { connect } = await startH2cBed((stream) => void stream.on("close", () => (code = stream.rstCode)), {
    route: { targetTimeoutMs: 200 },
  });
  expect((await (await connect()).ask(get("/"))).status).toBe(504);
  await eventually("the stream is reset", () => code === CANCEL);
});

test("a client that leaves takes its stream with it, before and behind the head; the session stays [CM-05 CM-06]", async () => {
  const codes: number[] = [];
  let streams = 0;
  const { app, connect } = await startH2cBed((stream, headers) => {
    streams++;
    stream.on("close", () => codes.push(stream.rstCode));
    if (headers[":path"] === "/begun") {
      stream.respond({ ":status": 200 });
      stream.write("begun");
    }
  });
  const leave = async (bytes: string, when: (client: RawClient) => boolean): Promise<void> => {
    const client = await connect();
    client.send(bytes);
    expect(await client.until(() => when(client))).toBe(true);
    client.reset();
  };
  const waiting = await connect();
  waiting.send(get("/"));
  await eventually("it is there", () => streams === 1);
  waiting.reset();
  await eventually("the first is reset", () => codes.length === 1);
  await leave(get("/begun"), (client) => client.text.includes("begun"));
  await leave("POST /begun HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc", (client) =>
    client.text.includes("begun"),
  );
  await eventually("all are reset", () => codes.length === 3);
  expect([codes, app.opened.length]).toEqual([[CANCEL, CANCEL, CANCEL], 1]);
});

test.each([
  ["known length", "Content-Length: 10\r\n\r\nabc"],
  ["unknown length", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"],
])("half an upload of %s never looks whole [CM-05]", async (_, rest) => {
  const { port, frames } = await startFrames(() => undefined);
  const { connect } = await startH2cProxy(port);
  const client = await connect();
  client.send(`POST / HTTP/1.1\r\nHost: a\r\n${rest}`);
  await eventually("the half is there", () => frames.some(({ type }) => type === Frame.Data));
  client.reset();
  await eventually("it is reset", () => frames.some(({ type }) => type === Frame.Reset));
  expect(frames.filter(({ type, flags }) => type !== Frame.Settings && (flags & END_STREAM) !== 0)).toEqual([]);
  expect(frames.at(-1)).toMatchObject({ type: Frame.Reset, payload: uint32(CANCEL) });
});

test("an answer before the whole request is passed on, and the rest is not wanted [U-50]", async () => {
  const { app, connect } = await startH2cBed((stream) => {
    stream.respond({ ":status": 413 });
    stream.end("too much");
  });
  const client = await connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc");
  const [response] = await client.read(1);
  expect([response?.status, response?.body]).toEqual([413, "too much"]);
  await eventually("the session goes on", () => app.sessions.size === 1);
});
