/** HTTP/2 clients that mean harm: bounded work, bounded memory, an end of their connection; everybody else is served. */
import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../proxy/limits.ts";
import { eventually, pause, settled } from "../support/eventually.ts";
import { ask, type Http2Bed, startHttp2Bed } from "../support/http2-bed.ts";
import {
  ACK,
  Code,
  END_HEADERS,
  END_STREAM,
  Frame,
  type FrameClient,
  frame,
  headerBlock,
  headers,
  requestPairs,
  setting,
  uint32,
} from "../support/http2-frames.ts";

const reset = (stream: number): Buffer => frame(Frame.Reset, 0, stream, uint32(Code.Cancel));

/** Memory of this process: the attacker's frames are made before it is first looked at. */
function megabytes(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 1e6;
}

async function stillServes(bed: Http2Bed): Promise<void> {
  expect((await ask(await bed.session())).status).toBe(200);
}

async function connectionsLeft(bed: Http2Bed, count: number): Promise<void> {
  let left = -1;
  for (let tries = 0; tries < 200 && left !== count; tries++) {
    await pause(10);
    left = (await bed.proxy.plane.counters()).clientConnections;
  }
  expect(left).toBe(count);
}

test("streams that are reset in the same breath reach no target, and cost the client its connection [H2-01]", async () => {
  const bed = await startHttp2Bed();
  const raw = await bed.frames();
  const attack: Buffer[] = [];
  for (let index = 0; index < 3_000; index++) attack.push(headers(1 + 2 * index), reset(1 + 2 * index));
  raw.send(...attack);
  await eventually("GOAWAY or a close", () => raw.goAway !== undefined || raw.closed);
  await eventually("the connection ends", () => raw.closed);
  // A read may end between the two frames of a stream.
  expect(bed.app.connections.length).toBeLessThan(20);
  await connectionsLeft(bed, 0);
  expect(Object.values((await bed.proxy.plane.counters()).targets)[0]?.inFlight).toBe(0);
  await stillServes(bed);
});

test("streams that are reset a moment later keep no target busy, and are counted [H2-01]", async () => {
  const bed = await startHttp2Bed({ answer: ({ target }) => (target === "/slow" ? null : "HTTP/1.1 204 No\r\n\r\n") });
  const raw = await bed.frames();
  let most = 0;
  let sent = 0;
  for (; sent < 1_000 && !raw.closed; sent += 50) {
    const ids = Array.from({ length: 50 }, (_, index) => 1 + 2 * (sent + index));
    raw.send(...ids.map((id) => headers(id, [[":path", "/slow"]])));
    await pause(8);
    most = Math.max(most, Object.values((await bed.proxy.plane.counters()).targets)[0]?.inFlight ?? 0);
    raw.send(...ids.map(reset));
    await pause(2);
  }
  await eventually("the connection ends", () => raw.closed);
  expect(sent).toBeLessThanOrEqual(DEFAULT_LIMITS.http2ResetBurst + 200);
  expect(most).toBeLessThanOrEqual(DEFAULT_LIMITS.maxHttp2Streams);
  await connectionsLeft(bed, 0);
  expect(Object.values((await bed.proxy.plane.counters()).targets)[0]?.inFlight).toBe(0);
});

test("maxHttp2Streams: more at the same time are refused, those within are asked [H2-01]", async () => {
  const bed = await startHttp2Bed({ limits: { maxHttp2Streams: 10 }, answer: () => null });
  const raw = await bed.frames();
  raw.send(...Array.from({ length: 12 }, (_, index) => headers(1 + 2 * index)));
  await eventually("two are refused", () => raw.of(Frame.Reset).length === 2);
  expect([raw.reset(21), raw.reset(23)]).toEqual([Code.Refused, Code.Refused]);
  await eventually("ten are asked", () => bed.app.requests.length === 10);
  // Whoever has confirmed the setting and does not keep to it is no friend.
  raw.send(frame(Frame.Settings, ACK, 0), headers(25));
  await eventually("it ends", () => raw.closed);
  await connectionsLeft(bed, 0);
  expect(Object.values((await bed.proxy.plane.counters()).targets)[0]?.inFlight).toBe(0);
});

test("a client that makes us reset its streams is taken for one that resets them [H2-02]", async () => {
  const ways: ((id: number) => Buffer[])[] = [
    (id) => [headers(id), frame(Frame.WindowUpdate, 0, id, uint32(0))],
    (id) => [headers(id, [], END_HEADERS), frame(Frame.Priority, 0, id, uint32(id, 0).subarray(0, 5))],
    (id) => [headers(id), frame(Frame.Data, 0, id, Buffer.from("late"))],
    (id) => [
      headers(id, [
        ["x-a", "1\r\n"],
        ["connection", "close"],
      ]),
    ],
    (id) => [headers(id, [["content-length", "5"]])],
  ];
  for (const [index, way] of ways.entries()) {
    const bed = await startHttp2Bed({ answer: () => null });
    const raw = await bed.frames();
    let sent = 0;
    for (; sent < 3_000 && !raw.closed; sent += 100) {
      raw.send(...Array.from({ length: 100 }, (_, at) => way(1 + 2 * (sent + at))).flat());
      await pause(4);
    }
    await eventually(`the connection ends, way ${index}`, () => raw.closed);
    expect(sent, `way ${index}`).toBeLessThan(2_000);
    await connectionsLeft(bed, 0);
    await settled(() => bed.app.connections.length);
    expect(Object.values((await bed.proxy.plane.counters()).targets)[0]?.inFlight, `way ${index}`).toBe(0);
  }
});

/** Sends `attack` again and again until the connection ends, or `rounds` are over; returns how memory grew, MB. */
async function flood(
  bed: Http2Bed,
  raw: FrameClient,
  rounds: number,
  attack: (round: number) => Buffer,
): Promise<number> {
  const before = megabytes();
  for (let round = 0; round < rounds && !raw.closed; round++) {
    raw.send(attack(round));
    await pause(1);
    if (raw.socket.writableLength > 4_000_000)
      await eventually("room", () => raw.closed || raw.socket.writableLength < 1_000_000, 500).catch(() => undefined);
  }
  await settled(() => raw.received.length);
  const grown = megabytes() - before;
  await stillServes(bed);
  return grown;
}

const MOST_MEGABYTES = 60;

test("a header block that never ends, with content and without [H2-03]", async () => {
  for (const piece of [headerBlock([["x-a", "y".repeat(10_000)]]), Buffer.alloc(0)]) {
    const bed = await startHttp2Bed();
    const raw = await bed.frames();
    raw.send(headers(1, [], END_STREAM));
    const continuations = Buffer.concat(Array.from({ length: 100 }, () => frame(Frame.Continuation, 0, 1, piece)));
    expect(await flood(bed, raw, 100, () => continuations)).toBeLessThan(MOST_MEGABYTES);
    expect(raw.closed).toBe(true);
    expect(bed.app.requests.length).toBe(1);
  }
});

test("a header block that is never finished times out with its connection [H2-03]", async () => {
  const bed = await startHttp2Bed({ limits: { headTimeoutMs: 200, lingerTimeoutMs: 100 } });
  const raw = await bed.frames();
  raw.send(headers(1, [], END_STREAM));
  await eventually("it ends", () => raw.closed);
  await connectionsLeft(bed, 0);
  expect(bed.app.requests).toEqual([]);
});

test("SETTINGS without end [H2-04]", async () => {
  const bed = await startHttp2Bed();
  const raw = await bed.frames();
  raw.socket.pause();
  const attack = Buffer.concat(Array.from({ length: 1_000 }, () => frame(Frame.Settings, 0, 0, setting(3, 100))));
  expect(await flood(bed, raw, 100, () => attack)).toBeLessThan(MOST_MEGABYTES);
  await connectionsLeft(bed, 1);
});

test("PING without end [H2-05]", async () => {
  const bed = await startHttp2Bed();
  const raw = await bed.frames();
  raw.socket.pause();
  const attack = Buffer.concat(Array.from({ length: 1_000 }, () => frame(Frame.Ping, 0, 0, Buffer.alloc(8))));
  expect(await flood(bed, raw, 200, () => attack)).toBeLessThan(MOST_MEGABYTES);
  await connectionsLeft(bed, 1);
});

test("empty DATA without end [H2-06]", async () => {
  const bed = await startHttp2Bed();
  const raw = await bed.frames();
  raw.send(headers(1, [[":method", "POST"]], END_HEADERS));
  const attack = Buffer.concat(Array.from({ length: 1_000 }, () => frame(Frame.Data, 0, 1)));
  expect(await flood(bed, raw, 100, () => attack)).toBeLessThan(MOST_MEGABYTES);
  expect(raw.closed).toBe(true);
  await connectionsLeft(bed, 1);
  expect(Object.values((await bed.proxy.plane.counters()).targets)[0]?.inFlight).toBe(0);
});

test("PRIORITY without end [H2-07]", async () => {
  const bed = await startHttp2Bed();
  const raw = await bed.frames();
  const attack = (round: number): Buffer =>
    Buffer.concat(
      Array.from({ length: 1_000 }, (_, index) =>
        frame(Frame.Priority, 0, 1 + 2 * (round * 1_000 + index), Buffer.from([0, 0, 0, 0, 7])),
      ),
    );
  expect(await flood(bed, raw, 50, attack)).toBeLessThan(MOST_MEGABYTES);
});

test("a window beyond all bounds ends the connection, or the stream whose it is [H2-08]", async () => {
  const bed = await startHttp2Bed({ answer: () => null });
  const raw = await bed.frames();
  raw.send(frame(Frame.WindowUpdate, 0, 0, uint32(2 ** 31 - 1)), frame(Frame.WindowUpdate, 0, 0, uint32(2 ** 31 - 1)));
  await eventually("GOAWAY", () => raw.goAway !== undefined);
  expect(raw.goAway).toBe(Code.FlowControl);
  await eventually("it ends", () => raw.closed);
  const other = await bed.frames();
  other.send(headers(1), frame(Frame.WindowUpdate, 0, 1, uint32(2 ** 31 - 1)));
  await eventually("an end", () => other.ended(1) || other.closed);
  expect(other.reset(1) ?? other.goAway).toBe(Code.FlowControl);
  other.socket.destroy();
  await connectionsLeft(bed, 0);
  expect(Object.values((await bed.proxy.plane.counters()).targets)[0]?.inFlight ?? 0).toBe(0);
});

test("header blocks that cannot be read [H2-09]", async () => {
  const blocks = [
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]),
    Buffer.from([0x80]),
    Buffer.from([0x40, 0x85, 0xff, 0xff, 0xff, 0xff, 0xff]),
    Buffer.from([0x3f, 0xff, 0xff, 0xff, 0x7f]),
  ];
  const bed = await startHttp2Bed();
  for (const block of blocks) {
    const raw = await bed.frames();
    raw.send(frame(Frame.Headers, END_STREAM | END_HEADERS, 1, block));
    await eventually(`it ends: ${block.toString("hex")}`, () => raw.closed);
    expect(raw.goAway, block.toString("hex")).toBe(Code.Compression);
  }
  await connectionsLeft(bed, 0);
  await stillServes(bed);
});

test("small fields that unpack to large ones, on many streams [H2-09] [H2-10]", async () => {
  const bed = await startHttp2Bed();
  const raw = await bed.frames();
  // Put 4,000 bytes into the table, then name them a hundred times in each request.
  const value = Buffer.concat([Buffer.from([0x7f, 0xa1, 0x1e]), Buffer.alloc(4_000, "v")]);
  const insert = Buffer.concat([Buffer.from([0x40, 1]), Buffer.from("x"), value]);
  const request = headerBlock(requestPairs());
  raw.send(frame(Frame.Headers, END_STREAM | END_HEADERS, 1, Buffer.concat([request, insert])));
  const bomb = Buffer.concat([request, Buffer.alloc(1_000, 0xbe)]);
  const grown = await flood(bed, raw, 100, (round) =>
    Buffer.concat(
      Array.from({ length: 20 }, (_, index) =>
        frame(Frame.Headers, END_STREAM | END_HEADERS, 3 + 2 * (round * 20 + index), bomb),
      ),
    ),
  );
  expect(grown).toBeLessThan(MOST_MEGABYTES);
  // Of the attack's requests none was more than a reset to us; the first one was a request, and the last is `stillServes`.
  expect(bed.app.requests.length).toBeLessThanOrEqual(2);
  expect(raw.closed || raw.reset(3) === Code.EnhanceYourCalm).toBe(true);
});

test("bytes that are no HTTP/2 at all, and a connection that breaks at any point, harm nobody [H2-09]", async () => {
  const bed = await startHttp2Bed();
  for (let size = 1; size < 60; size += 3) {
    const raw = await bed.frames();
    raw.send(Buffer.concat([headers(1), frame(Frame.Data, END_STREAM, 1)]).subarray(0, size));
    await pause(3);
    raw.socket.destroy();
  }
  const raw = await bed.frames();
  raw.send(Buffer.alloc(5_000, 0xee));
  await eventually("it ends", () => raw.closed);
  await connectionsLeft(bed, 0);
  expect(Object.values((await bed.proxy.plane.counters()).targets)[0]?.inFlight ?? 0).toBe(0);
  await stillServes(bed);
});
