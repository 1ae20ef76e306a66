/** The end of HTTP/2 connections on purpose: GOAWAY, open streams finish, and nothing that was asked is lost unknown. */
import { expect, test } from "vitest";
import { eventually, pause } from "../support/eventually.ts";
import { ask, startHttp2Bed } from "../support/http2-bed.ts";
import { Code, Frame, headers } from "../support/http2-frames.ts";
import { okResponse } from "../support/recording-upstream.ts";

test("at a shutdown open streams finish; a later one is beyond the last that GOAWAY names [H2-20]", async () => {
  const { app, frames, proxy } = await startHttp2Bed({ answer: () => null });
  const raw = await frames();
  raw.send(headers(1), headers(3));
  await eventually("both are there", () => app.requests.length === 2);
  const shutdown = proxy.plane.shutdown(5_000);
  await eventually("GOAWAY", () => raw.goAway !== undefined);
  raw.send(headers(5));
  await pause(60);
  for (const { socket } of app.connections) socket.write(okResponse("late but whole"));
  await eventually("both are answered", () => raw.ended(1) && raw.ended(3));
  expect([raw.status(1), raw.body(1), raw.status(3), raw.body(3)]).toEqual([
    200,
    "late but whole",
    200,
    "late but whole",
  ]);
  expect(await shutdown).toBe(0);
  await eventually("it ends", () => raw.closed);
  expect([raw.goAway, raw.of(Frame.GoAway).at(-1)?.payload.readUInt32BE(0)]).toEqual([Code.None, 3]);
  expect(app.requests.length).toBe(2);
});

test("an idle connection ends at once, one that does not finish when the time is over [H2-20]", async () => {
  const { app, frames, session, proxy } = await startHttp2Bed({
    answer: ({ target }) => (target === "/" ? okResponse("ok") : null),
  });
  const idle = await session();
  expect((await ask(idle)).status).toBe(200);
  const busy = await frames();
  busy.send(headers(1, [[":path", "/never"]]));
  await eventually("it is there", () => app.requests.length === 2);
  const startedAt = performance.now();
  const shutdown = proxy.plane.shutdown(600);
  await eventually("the idle one has ended", () => idle.destroyed, 500);
  expect(busy.closed).toBe(false);
  expect(await shutdown).toBe(1);
  expect(performance.now() - startedAt).toBeGreaterThan(550);
  await eventually("the other has ended", () => busy.closed);
});

test("a client's own GOAWAY lets its streams finish", async () => {
  const { app, session } = await startHttp2Bed({ answer: () => null });
  const client = await session();
  const answer = ask(client);
  await eventually("it is there", () => app.requests.length === 1);
  client.close();
  await pause(30);
  app.connections[0]?.socket.write(okResponse("whole"));
  expect(await answer).toMatchObject({ status: 200, body: "whole", code: 0 });
  await eventually("it ends", () => client.destroyed);
});

test("a client that goes away without a word takes its requests along", async () => {
  const { app, frames, proxy, log } = await startHttp2Bed({ answer: () => null });
  for (const leave of ["destroy", "end"] as const) {
    app.forget();
    const raw = await frames();
    raw.send(headers(1), headers(3));
    await eventually("both are there", () => app.requests.length === 2);
    raw.socket[leave]();
    await eventually(`both are cut off: ${leave}`, () => app.connections.every(({ closed }) => closed));
    await eventually("it is gone", () => raw.closed);
  }
  expect((await proxy.plane.counters()).clientConnections).toBe(0);
  expect((await log()).lines.map(({ status }) => status)).toEqual([499, 499, 499, 499]);
});
