/** The end of the proxy: what is under way may finish, what waits is told, and nobody is left hanging. */
import { expect, test } from "vitest";
import { startBed } from "../support/bed.ts";
import { eventually, pause } from "../support/eventually.ts";
import { valuesOf } from "../support/http-messages.ts";
import { get } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";
import { accepted, handshake } from "../support/websocket-handshake.ts";

test("idle connections close at once, and the end does not wait for the grace", async () => {
  const bed = await startBed();
  const client = await bed.connect();
  await client.ask(get("/"));
  client.socket.on("end", () => client.fin());
  const startedAt = performance.now();
  expect(await bed.proxy.plane.shutdown(5_000)).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(client.ended).toBe(true);
});

test("a request under way is answered, with `Connection: close`", async () => {
  const bed = await startBed({ answer: () => null });
  const client = await bed.connect();
  client.send(get("/slow"));
  await eventually("it is there", () => bed.app.requests.length === 1);
  const end = bed.proxy.plane.shutdown(5_000);
  await pause(50);
  bed.app.connections[0]?.socket.write(okResponse("done"));
  const [response] = await client.read(1);
  expect([response?.body, valuesOf(response ?? { fields: [] }, "connection")]).toEqual(["done", ["close"]]);
  client.destroy();
  expect(await end).toBe(0);
});

test("what outlasts the grace is cut and counted [W14]", async () => {
  const bed = await startBed({ answer: () => null });
  const client = await bed.connect();
  client.send(get("/for-ever"));
  await eventually("it is there", () => bed.app.requests.length === 1);
  expect(await bed.proxy.plane.shutdown(150)).toBe(1);
  await eventually("both sides see it", () => client.ended && bed.app.connections[0]?.closed === true);
});

test("WebSockets are told to come back, at once [W14]", async () => {
  const bed = await startBed({ answer: accepted });
  const client = await bed.connect();
  client.send(handshake());
  await client.until(() => client.responses()[0]?.status === 101);
  client.socket.on("end", () => client.fin());
  expect(await bed.proxy.plane.shutdown(3_000)).toBe(0);
  expect(client.text.endsWith("\x88\x02\x03\xf4")).toBe(true);
});

test("those who wait for a paused service are told to try again", async () => {
  const bed = await startBed({ route: { gate: { state: "paused", maxPauseMs: 60_000 } } });
  const client = await bed.connect();
  client.send(get("/"));
  await pause(30);
  const end = bed.proxy.plane.shutdown(3_000);
  const [response] = await client.read(1);
  expect(response?.status).toBe(503);
  expect(Number(valuesOf(response ?? { fields: [] }, "retry-after")[0])).toBeGreaterThan(0);
  client.destroy();
  await end;
});
