/** The named limits of HTTP/2: just within them all is well, just beyond them the named thing happens. */
import { expect, test } from "vitest";
import { eventually, pause } from "../support/eventually.ts";
import { startHttp2Bed } from "../support/http2-bed.ts";
import {
  Code,
  END_HEADERS,
  Frame,
  type FrameClient,
  frame,
  headers,
  setting,
  uint32,
} from "../support/http2-frames.ts";
import { okResponse } from "../support/recording-upstream.ts";
import { service, tlsRoute } from "../support/running-proxy.ts";

async function ended(raw: FrameClient, stream: number): Promise<number | undefined> {
  await eventually(`an end of stream ${stream}`, () => raw.ended(stream) || raw.closed);
  return raw.status(stream) ?? raw.reset(stream);
}

test("maxHttp2FieldPairs: more fields on the wire are not even gathered", async () => {
  const { app, frames } = await startHttp2Bed({ limits: { maxHttp2FieldPairs: 20 } });
  const raw = await frames();
  const crumbs = (count: number) => Array.from({ length: count }, () => ["cookie", "a"] as const);
  raw.send(headers(1, crumbs(16)));
  expect(await ended(raw, 1)).toBe(200);
  raw.send(headers(3, crumbs(17)));
  expect(await ended(raw, 3)).toBe(Code.EnhanceYourCalm);
  expect(app.requests.length).toBe(1);
});

test("http2StreamWindowBytes: a client may send so much of a body that nobody takes, and not more", async () => {
  const limits = { http2StreamWindowBytes: 100_000, maxPipelinedBytes: 1_000 };
  const { app, frames, proxy } = await startHttp2Bed({ limits });
  const paused = { tls: tlsRoute(), gate: { state: "paused", maxPauseMs: 10_000 } } as const;
  await proxy.serve(service("app", [app.port], paused));
  const send = (raw: FrameClient, pieces: number): FrameClient => {
    raw.send(headers(1, [[":method", "POST"]], END_HEADERS));
    return raw.send(...Array.from({ length: pieces }, () => frame(Frame.Data, 0, 1, Buffer.alloc(10_000))));
  };
  const good = send(await frames(), 10);
  const greedy = send(await frames(), 13);
  await eventually("too much ends it", () => greedy.ended(1) || greedy.goAway !== undefined);
  expect(greedy.reset(1) ?? greedy.goAway).toBe(Code.FlowControl);
  await pause(50);
  expect([good.ended(1), good.closed]).toEqual([false, false]);
  await proxy.serve(service("app", [app.port], { tls: tlsRoute() }));
  good.send(frame(Frame.Data, 1, 1));
  expect(await ended(good, 1)).toBe(200);
  expect(app.requests.find(({ complete }) => complete)?.body.length).toBe(100_000);
});

test("http2ConnectionWindowBytes: what all bodies together may be ahead is told at the start", async () => {
  const { frames } = await startHttp2Bed({ limits: { http2ConnectionWindowBytes: 200_000 } });
  const raw = await frames();
  await eventually("the window", () => raw.of(Frame.WindowUpdate, 0).length > 0);
  expect(raw.of(Frame.WindowUpdate, 0)[0]?.payload.readUInt32BE(0)).toBe(200_000 - 65_535);
});

test("maxHttp2SessionBytes, maxHttp2RejectedStreams: what waits for a client is so much, then streams are refused", async () => {
  const answer = (): string => okResponse("r".repeat(60_000));
  const asks = (raw: FrameClient): FrameClient =>
    raw.send(...Array.from({ length: 100 }, (_, index) => headers(1 + 2 * index)));
  const strict = await startHttp2Bed({
    limits: { maxHttp2SessionBytes: 1_000_000, maxHttp2RejectedStreams: 2 },
    answer,
  });
  // SETTINGS_INITIAL_WINDOW_SIZE 0: the bodies stay where they are.
  const raw = asks(await strict.frames(setting(4, 0)));
  await eventually("all heads are there", () => raw.of(Frame.Headers).length === 100);
  raw.send(headers(201));
  await eventually("one is refused", () => raw.ended(201));
  expect([raw.reset(201), raw.closed]).toEqual([Code.EnhanceYourCalm, false]);
  raw.send(headers(203), headers(205), headers(207), headers(209));
  await eventually("that is enough", () => raw.closed);
  expect(strict.app.requests.length).toBe(100);
  const shipped = await startHttp2Bed({ answer });
  const good = asks(await shipped.frames(setting(4, 0)));
  await eventually("all heads are there", () => good.of(Frame.Headers).length === 100);
  good.send(headers(201));
  await eventually("and one more", () => good.of(Frame.Headers).length === 101);
  expect([good.closed, good.of(Frame.Reset)]).toEqual([false, []]);
});

test("http2ResetBurst, http2ResetsPerSecond: so many resets at once, so many later", async () => {
  const { frames } = await startHttp2Bed({ limits: { http2ResetBurst: 10, http2ResetsPerSecond: 5 } });
  const raw = await frames();
  let id = 1;
  const resets = (count: number): void => {
    for (let index = 0; index < count; index++, id += 2) {
      raw.send(headers(id, [], END_HEADERS), frame(Frame.Reset, 0, id, uint32(Code.Cancel)));
    }
  };
  resets(10);
  await pause(50);
  expect([raw.closed, raw.goAway]).toEqual([false, undefined]);
  await pause(2_200);
  resets(8);
  await pause(50);
  expect([raw.closed, raw.goAway]).toEqual([false, undefined]);
  resets(15);
  await eventually("it ends", () => raw.closed);
  expect(raw.goAway).not.toBe(Code.None);
});

test("maxHttp2InvalidFrames: after so many frames that are none the connection ends", async () => {
  const { app, frames } = await startHttp2Bed({ limits: { maxHttp2InvalidFrames: 3 } });
  const raw = await frames();
  let sent = 0;
  for (; sent < 20 && !raw.closed; sent++) {
    raw.send(headers(1 + 2 * sent, [["connection", "close"]]));
    await pause(10);
  }
  await eventually("it ends", () => raw.closed);
  expect(sent).toBeGreaterThan(3);
  expect(sent).toBeLessThan(8);
  expect(app.requests).toEqual([]);
});
