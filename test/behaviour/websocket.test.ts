/** WebSockets through the proxy: messages, the bytes around the handshake, refusals, half-close and ends. */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect as connectSocket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import type { Gate } from "../../proxy/route/routing-table.ts";
import { type Bed, startBed } from "../support/bed.ts";
import { eventually, pause, settled } from "../support/eventually.ts";
import { readRequests, valuesOf } from "../support/http-messages.ts";
import { get, type RawClient } from "../support/raw-client.ts";
import type { UpstreamConnection } from "../support/recording-upstream.ts";
import { runProxy, service } from "../support/running-proxy.ts";
import { accepted, handshake, textFrame } from "../support/websocket-handshake.ts";

/** A proxy before a `ws` server that echoes. */
async function startEcho(): Promise<number> {
  const http = createServer();
  const server = new WebSocketServer({ server: http, maxPayload: 64 * 1024 * 1024 });
  server.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await new Promise<void>((resolve) => {
    http.listen(0, "127.0.0.1", resolve);
  });
  const proxy = await runProxy();
  await proxy.serve(service("cable", [(http.address() as AddressInfo).port]));
  onTestFinished(async () => {
    await proxy.stop();
    for (const client of server.clients) client.terminate();
    server.close();
    http.close();
  });
  return proxy.port;
}

async function open(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/cable`);
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  return socket;
}

/** A raw tunnel: the target has accepted, both ends are at hand. */
async function tunnel(bed: Bed): Promise<{ client: RawClient; target: UpstreamConnection }> {
  bed.app.answer = accepted;
  const client = await bed.connect();
  client.send(handshake());
  await client.until(() => client.responses()[0]?.status === 101);
  return { client, target: bed.app.connections.at(-1) as UpstreamConnection };
}

test("text, binary, empty and large messages come back as they were", async () => {
  const socket = await open(await startEcho());
  const messages = [
    Buffer.from("hello"),
    Buffer.alloc(0),
    Buffer.alloc(126, 1),
    Buffer.alloc(70_000, 2),
    Buffer.alloc(3_000_000, 3),
  ];
  for (const message of messages) {
    socket.send(message);
    const [data] = (await once(socket, "message")) as [Buffer];
    expect(data.equals(message)).toBe(true);
  }
});

test("a proper close goes through with its code, from the client's side", async () => {
  const socket = await open(await startEcho());
  socket.close(4001, "done");
  const [code, reason] = (await once(socket, "close")) as [number, Buffer];
  expect([code, reason.toString()]).toEqual([4001, "done"]);
});

test("forty sockets at once get their own messages only", async () => {
  const port = await startEcho();
  const sockets = await Promise.all(Array.from({ length: 40 }, () => open(port)));
  const echoes = sockets.map(async (socket, index) => {
    const got: string[] = [];
    for (let turn = 0; turn < 10; turn++) {
      socket.send(`${index}:${turn}`);
      const [data] = (await once(socket, "message")) as [Buffer];
      got.push(data.toString());
    }
    return got;
  });
  const wanted = sockets.map((_, index) => Array.from({ length: 10 }, (_, turn) => `${index}:${turn}`));
  expect(await Promise.all(echoes)).toEqual(wanted);
});

test("the handshake passes byte for byte, hop-by-hop fields made anew", async () => {
  const bed = await startBed();
  const { client } = await tunnel(bed);
  const [request] = bed.app.requests;
  expect(valuesOf(request ?? { fields: [] }, "upgrade")).toEqual(["websocket"]);
  expect(valuesOf(request ?? { fields: [] }, "connection")).toEqual(["Upgrade"]);
  expect(valuesOf(request ?? { fields: [] }, "sec-websocket-version")).toEqual(["13"]);
  const [response] = client.responses();
  expect(valuesOf(response ?? { fields: [] }, "sec-websocket-accept")).toEqual(["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]);
  expect(valuesOf(response ?? { fields: [] }, "connection")).toEqual(["Upgrade"]);
});

test("frames in the target's packet behind the 101 are not lost [WS-05]", async () => {
  const { app, connect } = await startBed();
  app.answer = (request) => accepted(request) + textFrame("early");
  const client = await connect();
  client.send(handshake());
  expect(await client.until(() => client.text.endsWith(textFrame("early")))).toBe(true);
});

test("bytes behind the client's handshake wait for the 101 and are then the first ones [W13 WS-04]", async () => {
  const { app, connect } = await startBed();
  app.answer = () => null;
  const client = await connect();
  client.send(`${handshake()}EARLY-1`);
  await eventually("the handshake arrives", () => app.requests.length === 1);
  client.send("EARLY-2");
  await pause(40);
  const target = app.connections[0] as UpstreamConnection;
  expect(target.received).not.toContain("EARLY");
  const [request] = app.requests;
  if (request) target.socket.write(accepted(request));
  await eventually("they arrive", () => target.received.endsWith("\r\n\r\nEARLY-1EARLY-2"));
});

test("when the target refuses, its answer is plain HTTP and what follows is the next request [WS-02]", async () => {
  const { app, connect } = await startBed();
  app.answer = ({ target }) =>
    target === "/cable"
      ? "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nno"
      : "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext";
  const client = await connect();
  client.send(handshake() + get("/next"));
  const responses = await client.read(2);
  expect(responses.map(({ status, body }) => `${status} ${body}`)).toEqual(["426 no", "200 next"]);
});

test("h2c and unknown protocols are never forwarded, alone or beside websocket [W17 WS-12]", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  for (const upgrade of ["h2c", "websocket, h2c", "h2c, websocket", "unknown/1.0", "websocket\r\nUpgrade: h2c"]) {
    const fields = `Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\nUpgrade: ${upgrade}\r\n`;
    expect((await client.ask(get("/", "a.test", fields))).status).toBe(200);
  }
  for (const { head } of app.requests) expect(head).not.toMatch(/upgrade|h2c|http2-settings|unknown/i);
  expect(app.requests.length).toBe(5);
});

test("a 101 for another protocol than the one asked for is a 502", async () => {
  const { app, connect } = await startBed();
  app.answer = () => "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
  const client = await connect();
  expect((await client.ask(handshake())).status).toBe(502);
});

test("the name of the protocol is compared without case", async () => {
  const { app, connect } = await startBed();
  app.answer = accepted;
  const client = await connect();
  client.send(handshake().replace("Upgrade: websocket", "Upgrade: WebSocket"));
  expect(await client.until(() => client.responses()[0]?.status === 101)).toBe(true);
});

test("a handshake that the target accepts wrongly passes as it is: the client decides [WS-03]", async () => {
  const { app, connect } = await startBed();
  const head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
  for (const accept of ["Sec-WebSocket-Accept: bm90IHRoZSByaWdodCBvbmU=\r\n", ""]) {
    app.answer = () => `${head}${accept}\r\n`;
    const client = await connect();
    client.send(handshake());
    expect(await client.until(() => client.responses()[0]?.status === 101)).toBe(true);
    expect(client.text.match(/sec-websocket-accept: .*\r\n/i)?.[0] ?? "").toBe(accept);
  }
});

test("a handshake with too many fields is a 431, and the target hears nothing of it [WS-09]", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  expect((await client.ask(handshake("/cable", "A: b\r\n".repeat(2_000)))).status).toBe(431);
  expect(app.requests).toHaveLength(0);
  const next = await connect();
  app.answer = accepted;
  next.send(handshake());
  expect(await next.until(() => next.responses()[0]?.status === 101)).toBe(true);
});

test("a handshake to a paused service waits as any request: upgraded when it resumes, else a 504 [WS-11]", async () => {
  const bed = await startBed();
  bed.app.answer = accepted;
  const gate = (gate: Gate) => bed.proxy.serve(service("app", [bed.app.port], { gate }));
  await gate({ state: "paused", maxPauseMs: 150 });
  expect((await (await bed.connect()).ask(handshake())).status).toBe(504);
  await gate({ state: "paused", maxPauseMs: 10_000 });
  const client = await bed.connect();
  client.send(handshake());
  await pause(50);
  expect([client.text, bed.app.requests.length]).toEqual(["", 0]);
  await gate({ state: "running" });
  expect(await client.until(() => client.responses()[0]?.status === 101)).toBe(true);
  client.send("through");
  await eventually("the tunnel is there", () => bed.app.connections.at(-1)?.received.endsWith("through") === true);
});

test("half-close from the client's side leaves the other direction open", async () => {
  const bed = await startBed();
  const { client, target } = await tunnel(bed);
  target.socket.removeAllListeners("end");
  client.send("last").fin();
  await eventually("the end arrives", () => target.socket.readableEnded);
  await pause(30);
  target.socket.write("still here");
  expect(await client.until(() => client.text.endsWith("still here"))).toBe(true);
  target.socket.end();
  expect(await client.until(() => client.ended)).toBe(true);
});

test("half-close from the target's side leaves the other direction open", async () => {
  const { client, target } = await tunnel(await startBed());
  target.socket.end("bye");
  expect(await client.until(() => client.ended && client.text.endsWith("bye"))).toBe(true);
  client.send("still here");
  await eventually("it arrives", () => target.received.endsWith("still here"));
  client.fin();
  await eventually("both are closed", () => target.closed && client.closed);
});

test("what is half closed stays open for as long as the other half is busy", async () => {
  const { client, target } = await tunnel(await startBed({ limits: { lingerTimeoutMs: 150 } }));
  target.socket.end("bye");
  await client.until(() => client.ended);
  for (let turn = 0; turn < 8; turn++) {
    client.send(`still-${turn} `);
    await pause(80);
  }
  await eventually("all of it arrives", () => target.received.endsWith("still-7 "));
  expect(client.closed).toBe(false);
});

test("a client that vanishes takes the target's side along at once [WS-06]", async () => {
  const { client, target } = await tunnel(await startBed());
  client.reset();
  await eventually("the target's side closes", () => target.closed, 1_000);
  expect(target.aborted).toBe(false);
});

test("a target that vanishes takes the client's side along at once [WS-06]", async () => {
  const { client, target } = await tunnel(await startBed());
  target.socket.resetAndDestroy();
  expect(await client.until(() => client.closed || client.ended, 1_000)).toBe(true);
});

test("a tunnel without a byte in either direction ends after its time; traffic keeps it open [WS-07]", async () => {
  const bed = await startBed({ limits: { tunnelTimeoutMs: 300 } });
  const { client, target } = await tunnel(bed);
  for (let turn = 0; turn < 6; turn++) {
    await pause(80);
    if (turn % 2 === 0) client.send("x");
    else target.socket.write("y");
  }
  expect(client.closed || client.ended).toBe(false);
  await eventually("both are closed", () => (client.closed || client.ended) && target.closed);
});

test("a fast sender does not fill the proxy for a slow reader, in either direction [WS-10]", async () => {
  const bed = await startBed();
  const { client, target } = await tunnel(bed);
  const block = Buffer.alloc(1024 * 1024, "z");
  client.socket.pause();
  for (let turn = 0; turn < 64; turn++) target.socket.write(block);
  await settled(() => target.socket.writableLength, 100);
  expect(target.socket.writableLength).toBeGreaterThan(32 * block.length);
  target.socket.pause();
  for (let turn = 0; turn < 64; turn++) client.send(block);
  await settled(() => client.socket.writableLength, 100);
  expect(client.socket.writableLength).toBeGreaterThan(32 * block.length);
  client.socket.resume();
  expect(await client.until(() => client.receivedBytes > 64 * block.length, 15_000)).toBe(true);
});

test("a thousand sockets opened and closed leave no descriptor behind [WS-06]", async () => {
  const bed = await startBed();
  bed.app.answer = accepted;
  const descriptors = (): number => readdirSync("/proc/self/fd").length;
  const before = descriptors();
  for (let round = 0; round < 20; round++) {
    const cycles = Array.from({ length: 50 }, async (_, index) => {
      const socket = connectSocket({ host: "127.0.0.1", port: bed.proxy.port });
      socket.on("error", () => {});
      const path = `/${round}/${index}`;
      socket.write(handshake(path));
      await once(socket, "data");
      // A third each: the client ends, the client resets, the target ends.
      if (index % 3 === 0) socket.end("x");
      else if (index % 3 === 1) socket.resetAndDestroy();
      else bed.app.requests.find(({ target }) => target === path)?.connection.socket.end();
      socket.resume();
      if (!socket.destroyed) await once(socket, "close");
    });
    await Promise.all(cycles);
  }
  await eventually("all descriptors are back", () => descriptors() <= before + 3);
  expect((await bed.proxy.plane.counters()).targets["app-" + bed.app.port]?.inFlight).toBe(0);
});

test("the handshake is logged once, when the tunnel ends, as 101 with the bytes that went to the client", async () => {
  const bed = await startBed();
  const { client, target } = await tunnel(bed);
  target.socket.end("12345");
  await client.until(() => client.ended);
  client.fin();
  await eventually("the tunnel is gone", () => target.closed && client.closed);
  const { lines } = await bed.log();
  expect(lines.map(({ status, resp_content_length: bytes, path }) => [status, bytes, path])).toEqual([
    [101, 5, "/cable"],
  ]);
  expect(readRequests(target.received).requests.length).toBe(1);
});
