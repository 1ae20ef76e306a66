/** Draining a target: what is under way may finish, what does not finish is cut at the deadline, nothing else notices. */
import { expect, test } from "vitest";
import type { DrainOptions } from "../../proxy/data-plane/data-plane.ts";
import { type Bed, startBed, startTarget } from "../support/bed.ts";
import { eventually, pause } from "../support/eventually.ts";
import { get, type RawClient } from "../support/raw-client.ts";
import { okResponse, type RecordingUpstream } from "../support/recording-upstream.ts";
import { service } from "../support/running-proxy.ts";
import { accepted, handshake, textFrame } from "../support/websocket-handshake.ts";

const CUT: DrainOptions = { timeoutMs: 250, cut: true, upgraded: true };

/** A request that the old version is working on, and a table that already points to the new one. */
async function switched(answer: (bed: Bed) => string = () => get("/slow")): Promise<{
  bed: Bed;
  client: RawClient;
  next: RecordingUpstream;
  oldId: string;
}> {
  const bed = await startBed({ answer: () => null });
  const client = await bed.connect();
  client.send(answer(bed));
  await eventually("the old version has it", () => bed.app.requests.length === 1);
  const next = await startTarget("next");
  await bed.proxy.serve(service("app", [next.port]));
  return { bed, client, next, oldId: `app-${bed.app.port}` };
}

function reply(bed: Bed, bytes = okResponse("old")): void {
  bed.app.connections[0]?.socket.write(Buffer.from(bytes, "latin1"));
}

/** A WebSocket on the old version. */
async function switchedTunnel(): Promise<Awaited<ReturnType<typeof switched>>> {
  const state = await switched(() => handshake());
  const [request] = state.bed.app.requests;
  if (request) reply(state.bed, accepted(request));
  await state.client.until(() => state.client.responses()[0]?.status === 101);
  return state;
}

const tail = (client: RawClient): string => client.text.slice(client.text.indexOf("\r\n\r\n") + 4);

test("a request under way finishes on the old version, and the drain says so at once [A189]", async () => {
  const { bed, client, oldId } = await switched();
  const startedAt = performance.now();
  const drain = bed.proxy.plane.drain([oldId], { ...CUT, timeoutMs: 10_000 });
  setTimeout(() => reply(bed), 40);
  expect(await drain).toEqual({ completed: 1, cut: 0 });
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  expect((await client.read(1))[0]?.body).toBe("old");
});

test("new requests go to the new version meanwhile, over the same connection too [DP-06]", async () => {
  const { bed, client, oldId } = await switched();
  const drain = bed.proxy.plane.drain([oldId], { ...CUT, timeoutMs: 5_000 });
  const other = await bed.connect();
  expect((await other.ask(get("/new"))).body).toBe("next GET /new 0");
  reply(bed);
  await drain;
  await client.read(1);
  expect((await client.ask(get("/after"))).body).toBe("next GET /after 0");
});

test("nothing in flight: the drain is over at once [A188]", async () => {
  const bed = await startBed();
  const client = await bed.connect();
  await client.ask(get("/"));
  expect(await bed.proxy.plane.drain([`app-${bed.app.port}`], { ...CUT, timeoutMs: 5_000 })).toEqual({
    completed: 0,
    cut: 0,
  });
});

test("an unknown target is no reason to wait", async () => {
  const bed = await startBed();
  expect(await bed.proxy.plane.drain(["nobody"], { ...CUT, timeoutMs: 5_000 })).toEqual({ completed: 0, cut: 0 });
});

test("at the deadline a request without an answer gets a 504, and the target an abort [A190]", async () => {
  const { bed, client, oldId } = await switched();
  expect(await bed.proxy.plane.drain([oldId], CUT)).toEqual({ completed: 0, cut: 1 });
  expect((await client.read(1))[0]?.status).toBe(504);
  await eventually("the target sees it", () => bed.app.connections[0]?.closed === true);
  expect(bed.proxy.events.join("")).toContain("Request cancelled due to draining");
  expect((await client.ask(get("/on"))).body).toBe("next GET /on 0");
  expect((await bed.log()).lines.map(({ status }) => status)).toEqual([504, 200]);
});

test("at the deadline a response under way breaks visibly [DP-05]", async () => {
  const { bed, client, oldId } = await switched();
  reply(bed, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbeginning");
  await client.until(() => client.text.endsWith("beginning"));
  expect(await bed.proxy.plane.drain([oldId], CUT)).toEqual({ completed: 0, cut: 1 });
  await eventually("the connection breaks", () => client.closed || client.ended);
  expect(client.responses()[0]?.complete).toBe(false);
});

test("without `cut` what is still running goes on undisturbed", async () => {
  const { bed, client, oldId } = await switched();
  expect(await bed.proxy.plane.drain([oldId], { ...CUT, timeoutMs: 100, cut: false })).toEqual({
    completed: 0,
    cut: 0,
  });
  reply(bed);
  expect((await client.read(1))[0]?.body).toBe("old");
});

test("an aborted drain ends early and cuts nothing [W6]", async () => {
  const { bed, client, oldId } = await switched();
  const abort = new AbortController();
  const drain = bed.proxy.plane.drain([oldId], { ...CUT, signal: abort.signal });
  abort.abort();
  expect(await drain).toEqual({ completed: 0, cut: 0 });
  await pause(CUT.timeoutMs + 50);
  reply(bed);
  expect((await client.read(1))[0]?.body).toBe("old");
});

test("what is claimed after the call is neither waited for nor cut", async () => {
  const bed = await startBed({ answer: () => null });
  const [first, second] = [await bed.connect(), await bed.connect()];
  first.send(get("/first"));
  await eventually("the first is there", () => bed.app.requests.length === 1);
  const drain = bed.proxy.plane.drain([`app-${bed.app.port}`], CUT);
  second.send(get("/second"));
  await eventually("the second is there", () => bed.app.requests.length === 2);
  expect(await drain).toEqual({ completed: 0, cut: 1 });
  expect((await first.read(1))[0]?.status).toBe(504);
  bed.app.connections[1]?.socket.write(okResponse("late"));
  expect((await second.read(1))[0]?.body).toBe("late");
});

test("a WebSocket lives through the drain, until it closes by itself [W14 WS-08]", async () => {
  const { bed, client, oldId } = await switchedTunnel();
  const drain = bed.proxy.plane.drain([oldId], { ...CUT, timeoutMs: 3_000 });
  await pause(100);
  client.send("ping");
  await eventually("it still works", () => bed.app.connections[0]?.received.endsWith("ping") === true);
  client.destroy();
  expect(await drain).toEqual({ completed: 1, cut: 0 });
});

test("a WebSocket that is still open at the deadline gets a close frame with 1012, service restart [W14 WS-08]", async () => {
  const { bed, client, oldId } = await switchedTunnel();
  reply(bed, textFrame("hello"));
  const startedAt = performance.now();
  expect(await bed.proxy.plane.drain([oldId], CUT)).toEqual({ completed: 0, cut: 1 });
  expect(performance.now() - startedAt).toBeGreaterThan(CUT.timeoutMs * 0.75);
  expect(await client.until(() => client.ended)).toBe(true);
  expect(tail(client)).toBe(`${textFrame("hello")}\x88\x02\x03\xf4`);
  await eventually("the target's side closes", () => bed.app.connections[0]?.closed === true);
});

test("in the middle of a frame there is no place for a close frame: the end is bare", async () => {
  const { bed, client, oldId } = await switchedTunnel();
  reply(bed, "\x81\x05he");
  await client.until(() => tail(client) === "\x81\x05he");
  await bed.proxy.plane.drain([oldId], CUT);
  expect(await client.until(() => client.ended || client.closed)).toBe(true);
  expect(tail(client)).toBe("\x81\x05he");
});

test("with `upgraded` false WebSockets are neither waited for nor cut", async () => {
  const { bed, client, oldId } = await switchedTunnel();
  expect(await bed.proxy.plane.drain([oldId], { ...CUT, upgraded: false })).toEqual({ completed: 0, cut: 0 });
  await pause(20);
  expect(client.ended).toBe(false);
});

test("many WebSockets are not all cut in the same instant [WS-08]", async () => {
  const bed = await startBed({ answer: accepted });
  const clients = await Promise.all(Array.from({ length: 10 }, () => bed.connect()));
  for (const client of clients) client.send(handshake());
  await Promise.all(clients.map((client) => client.until(() => client.text.includes("101"))));
  const ends: number[] = [];
  for (const client of clients) client.socket.on("end", () => ends.push(performance.now()));
  await bed.proxy.plane.drain([`app-${bed.app.port}`], { ...CUT, timeoutMs: 600 });
  await eventually("all have ended", () => ends.length === clients.length);
  expect((ends.at(-1) ?? 0) - (ends[0] ?? 0)).toBeGreaterThan(50);
});

test("progress tells how many are left", async () => {
  const { bed, oldId } = await switched();
  const seen: number[] = [];
  const drain = bed.proxy.plane.drain([oldId], { ...CUT, onProgress: (inFlight) => seen.push(inFlight) });
  expect(seen).toEqual([1]);
  await drain;
});

test("a retired target is forgotten when its last request has ended, and its connections close", async () => {
  const { bed, client, oldId } = await switched();
  expect((await bed.proxy.plane.counters()).targets[oldId]?.inFlight).toBe(1);
  reply(bed);
  await client.read(1);
  await eventually("its connection closes", () => bed.app.connections[0]?.closed === true);
  expect((await bed.proxy.plane.counters()).targets[oldId]).toBeUndefined();
});

test("idle connections to a target that left the table close at once [W10]", async () => {
  const bed = await startBed();
  const client = await bed.connect();
  await client.ask(get("/"));
  const next = await startTarget("next");
  await bed.proxy.serve(service("app", [next.port]));
  await eventually("it closes", () => bed.app.connections[0]?.closed === true, 500);
  expect((await client.ask(get("/"))).body).toBe("next GET / 0");
});
