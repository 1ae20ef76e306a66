/** HTTP/2 clients that stop sending, or take nothing: each stream has its own time, and in the end the connection has. */
import { once } from "node:events";
import { expect, test } from "vitest";
import { eventually, pause, settled } from "../support/eventually.ts";
import { startHttp2Bed } from "../support/http2-bed.ts";
import { Code, END_HEADERS, Frame, frame, headers, setting, uint32 } from "../support/http2-frames.ts";
import { okResponse } from "../support/recording-upstream.ts";

const POST = { ":method": "POST" };

test("bodyTimeoutMs: a body that stops coming is a 408, or a reset once the response has begun", async () => {
  const { app, session } = await startHttp2Bed({ limits: { bodyTimeoutMs: 150 }, answer: () => null });
  const client = await session();
  const stalled = client.request({ ":path": "/", ":authority": "a.test", ...POST });
  stalled.on("error", () => undefined);
  let status = 0;
  stalled.on("response", (headers) => {
    status = headers[":status"] ?? 0;
  });
  stalled.resume();
  stalled.write("half");
  await once(stalled, "close");
  expect(status).toBe(408);
  await eventually("the target sees an abort", () => app.connections[0]?.aborted === true);
  const late = client.request({ ":path": "/", ":authority": "a.test", ...POST });
  late.on("error", () => undefined);
  late.resume();
  late.write("half");
  await eventually("it is there", () => app.requests.length === 2);
  app.connections[1]?.socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n");
  await eventually("it is over", () => late.destroyed);
  expect(late.rstCode).toBe(Code.Internal);
});

test("a client with a closed window is given up stream by stream, and all that waits is let go [H2-22]", async () => {
  const limits = { writeTimeoutMs: 250, keepAliveTimeoutMs: 300, lingerTimeoutMs: 200 };
  const { app, frames, proxy } = await startHttp2Bed({
    limits,
    answer: ({ target }) => (target === "/small" ? okResponse("x".repeat(1_000)) : okResponse("x".repeat(1_000_000))),
  });
  // SETTINGS_INITIAL_WINDOW_SIZE 0: not one byte of a body may come.
  const raw = await frames(setting(4, 0));
  for (let index = 0; index < 50; index++)
    raw.send(headers(1 + 2 * index, [[":path", index % 2 ? "/small" : "/large"]]));
  await eventually("all heads are there", () => raw.of(Frame.Headers).length === 50);
  await eventually("all streams are reset", () => raw.of(Frame.Reset).length === 50);
  expect(raw.of(Frame.Data)).toEqual([]);
  await eventually("the connection has ended", () => raw.closed);
  await eventually("nothing is in flight", () => app.connections.filter(({ closed }) => !closed).length <= 25);
  await settled(() => app.connections.length);
  const { targets, clientConnections } = await proxy.plane.counters();
  expect([Object.values(targets).map(({ inFlight }) => inFlight), clientConnections]).toEqual([[0], 0]);
});

test("a client that reads nothing at all from its socket is let go as well [H2-22]", async () => {
  const limits = { writeTimeoutMs: 250, keepAliveTimeoutMs: 300, lingerTimeoutMs: 200 };
  const { frames, proxy } = await startHttp2Bed({ limits, answer: () => okResponse("x".repeat(3_000_000)) });
  const raw = await frames(setting(4, 2 ** 31 - 1));
  raw.socket.pause();
  raw.send(frame(Frame.WindowUpdate, 0, 0, Buffer.from([0x7f, 0, 0, 0])));
  for (let index = 0; index < 20; index++) raw.send(headers(1 + 2 * index));
  const gone = async (): Promise<boolean> => (await proxy.plane.counters()).clientConnections === 0;
  for (let tries = 0; tries < 100 && !(await gone()); tries++) await pause(50);
  expect(await gone()).toBe(true);
});

test("a client that leaves no room for a refusal does not hold its connection with it [H2-22]", async () => {
  const limits = { writeTimeoutMs: 250, keepAliveTimeoutMs: 300, lingerTimeoutMs: 200 };
  const { frames, proxy } = await startHttp2Bed({ limits });
  const raw = await frames(setting(4, 0));
  raw.send(headers(1, [["host", "other.test"]]));
  await eventually("it is refused", () => raw.of(Frame.Headers).length === 1);
  await eventually("the connection has ended", () => proxy.plane.connections.size === 0);
  expect(raw.of(Frame.Data)).toEqual([]);
});

test("a body that is taken back in the same breath leaves nothing behind, however large [H2-01]", async () => {
  const limits = { maxPipelinedBytes: 1_000, keepAliveTimeoutMs: 300, lingerTimeoutMs: 200 };
  const { app, frames, proxy } = await startHttp2Bed({ limits });
  const raw = await frames();
  await eventually("both have said how they want it", () => raw.of(Frame.Settings).length === 2);
  const data = frame(Frame.Data, 0, 1, Buffer.alloc(5_000));
  raw.send(headers(1, [[":method", "POST"]], END_HEADERS), data, data, frame(Frame.Reset, 0, 1, uint32(Code.None)));
  await eventually("the connection has ended", () => proxy.plane.connections.size === 0);
  expect(app.requests).toEqual([]);
});
