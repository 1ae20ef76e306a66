/** Large bodies in both directions: complete, unmixed, and never faster than their reader. */
import { createHash } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { connectTo, startBed } from "../support/bed.ts";
import { eventually, settled } from "../support/eventually.ts";
import { heldBufferBytes } from "../support/memory.ts";
import {
  download,
  hashOfPattern,
  type PatternedTarget,
  startPatternedTarget,
  upload,
} from "../support/patterned-target.ts";
import { get } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";
import { type RunningProxy, runProxy, service } from "../support/running-proxy.ts";

const MB = 1024 * 1024;
/** What the kernel's socket buffers on two loopback hops can hold, generously. */
const IN_FLIGHT = 24 * MB;

async function start(): Promise<{ proxy: RunningProxy; target: PatternedTarget }> {
  const target = await startPatternedTarget();
  const proxy = await runProxy();
  onTestFinished(() => proxy.stop());
  await proxy.serve(service("files", [target.port]));
  return { proxy, target };
}

test.each(["length", "chunked", "close"])("a 24 MB download framed by %s arrives byte for byte", async (framing) => {
  const { proxy } = await start();
  const size = 24 * MB + 17;
  expect(await download(proxy.port, `/down/one/${size}/${framing}`)).toBe(hashOfPattern("one", size));
});

test.each(["length", "chunked"] as const)("a 24 MB upload framed by %s arrives byte for byte", async (framing) => {
  const { proxy } = await start();
  const size = 24 * MB + 17;
  expect(await upload(proxy.port, "one", size, { framing })).toBe(hashOfPattern("one", size));
});

test("a client that stops reading stops the target, and still gets everything later", async () => {
  const { proxy, target } = await start();
  const size = 64 * MB;
  const client = await connectTo(proxy.port);
  client.socket.pause();
  client.send(get(`/down/slow/${size}/length`, "a.test", "Connection: close\r\n"));
  const sent = await settled(target.sent, 150);
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(IN_FLIGHT);
  client.socket.resume();
  expect(await client.until(() => client.ended, 20_000)).toBe(true);
  expect(client.responses()[0]?.body.length).toBe(size);
  expect(target.sent()).toBe(size);
});

test("a target that stops reading stops the client, and still gets everything later", async () => {
  const { proxy, target } = await start();
  const size = 64 * MB;
  let written = 0;
  target.holdUploads(true);
  const hash = upload(proxy.port, "slow", size, { framing: "length", onWritten: (bytes) => (written += bytes) });
  const sent = await settled(() => written, 150);
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(IN_FLIGHT);
  target.holdUploads(false);
  expect(await hash).toBe(hashOfPattern("slow", size));
});

test("fifty readers that stand still cost the proxy little memory", async () => {
  // One buffer serves every answer, so what grows is the proxy's.
  const answer = Buffer.concat([
    Buffer.from(okResponse("").replace("Length: 0", `Length: ${16 * MB}`)),
    Buffer.alloc(16 * MB),
  ]);
  const { app, proxy, connect } = await startBed({ answer: () => answer });
  const warm = await connect();
  warm.send(get("/"));
  await warm.until(() => warm.receivedBytes > 16 * MB);
  const before = heldBufferBytes();
  for (let index = 0; index < 50; index++) {
    const client = await connectTo(proxy.port);
    client.socket.pause();
    client.send(get("/"));
  }
  const unsent = (): number => app.connections.reduce((sum, { socket }) => sum + socket.writableLength, 0);
  await settled(unsent, 150);
  expect(unsent()).toBeGreaterThan(100 * MB);
  expect((heldBufferBytes() - before) / 50).toBeLessThan(400 * 1024);
});

test("transfers of many clients at once, at different speeds, are never mixed up", async () => {
  const { proxy } = await start();
  const size = 3 * MB + 331;
  const work = Array.from({ length: 8 }, (_, index) => {
    const pace = { everyChunks: 1 + (index % 5), pauseMs: index % 3 };
    const framing = index % 2 === 0 ? ("length" as const) : ("chunked" as const);
    return [
      download(proxy.port, `/down/d${index}/${size}/${framing}`, pace),
      upload(proxy.port, `u${index}`, size, { framing }),
    ];
  }).flat();
  const hashes = await Promise.all(work);
  const wanted = Array.from({ length: 8 }, (_, index) => [`d${index}`, `u${index}`]).flat();
  expect(hashes).toEqual(wanted.map((seed) => hashOfPattern(seed, size)));
});

test("small answers between stalled large ones are their own", async () => {
  const { proxy, target } = await start();
  const stalled = await Promise.all(Array.from({ length: 6 }, () => connectTo(proxy.port)));
  for (const [index, client] of stalled.entries()) {
    client.socket.pause();
    client.send(get(`/down/big${index}/${12 * MB}/length`));
  }
  await settled(target.sent, 100);
  const small = await Promise.all(
    Array.from({ length: 100 }, (_, index) => download(proxy.port, `/down/small${index}/${2_000 + index}/chunked`)),
  );
  expect(small).toEqual(Array.from({ length: 100 }, (_, index) => hashOfPattern(`small${index}`, 2_000 + index)));
  for (const [index, client] of stalled.entries()) {
    client.socket.resume();
    expect(await client.until(() => client.receivedBytes > 12 * MB, 10_000)).toBe(true);
    await client.read(1);
    const body = Buffer.from(client.responses()[0]?.body ?? "", "latin1");
    expect(createHash("sha256").update(body).digest("hex")).toBe(hashOfPattern(`big${index}`, 12 * MB));
  }
});

test("request and response may flow at the same time, piece by piece", async () => {
  const { app, connect } = await startBed({ answer: () => null });
  const client = await connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
  await eventually("the head arrives", () => app.requests.length === 1);
  const target = app.connections[0];
  target?.socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (let turn = 0; turn < 5; turn++) {
    client.send(`4\r\nask${turn}\r\n`);
    await eventually("it reaches the target", () => app.requests[0]?.body.endsWith(`ask${turn}`) === true);
    target?.socket.write(`4\r\nsay${turn}\r\n`);
    expect(await client.until(() => client.text.includes(`say${turn}`))).toBe(true);
  }
  client.send("0\r\n\r\n");
  await eventually("the request is whole", () => app.requests[0]?.complete === true);
  target?.socket.write("0\r\n\r\n");
  expect((await client.read(1))[0]?.body).toBe("say0say1say2say3say4");
  // Both ended well, so both connections serve on.
  app.answer = () => okResponse("next");
  expect((await client.ask(get("/next"))).body).toBe("next");
  expect(app.connections.length).toBe(1);
});
