/** A paused service makes requests wait, a stopped one turns them away; both say so, and both let go in order. */
import { expect, test } from "vitest";
import type { Gate } from "../../proxy/route/routing-table.ts";
import { type Bed, type BedOptions, startBed, startTarget } from "../support/bed.ts";
import { eventually, pause, settled } from "../support/eventually.ts";
import { valuesOf } from "../support/http-messages.ts";
import { get, post, type RawClient } from "../support/raw-client.ts";
import { service } from "../support/running-proxy.ts";

const RUNNING: Gate = { state: "running" };
const PAUSED: Gate = { state: "paused", maxPauseMs: 10_000 };

async function pausedBed(options: BedOptions = {}, gate: Gate = PAUSED): Promise<Bed> {
  return startBed({ ...options, route: { ...options.route, gate } });
}

function setGate(bed: Bed, gate: Gate, port = bed.app.port): Promise<void> {
  return bed.proxy.serve(service("app", [port], { gate }));
}

async function waiting(bed: Bed): Promise<number> {
  return (await bed.proxy.plane.counters()).services["app"]?.waiting ?? -1;
}

async function waitFor(bed: Bed, count: number): Promise<void> {
  for (let turn = 0; (await waiting(bed)) !== count; turn++) {
    expect(turn, `${count} waiting`).toBeLessThan(300);
    await pause(5);
  }
}

/** Clients that wait one after another, so that their order is known. */
async function queueUp(bed: Bed, count: number): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  for (let index = 0; index < count; index++) {
    const client = await bed.connect();
    client.send(get(`/${index}`));
    await waitFor(bed, index + 1);
    clients.push(client);
  }
  return clients;
}

test("requests to a paused service wait and are answered when it resumes, in their order [A84] [DP-11]", async () => {
  const bed = await pausedBed();
  const clients = await queueUp(bed, 8);
  expect(bed.app.receivedBytes).toBe(0);
  await setGate(bed, RUNNING);
  const bodies = await Promise.all(clients.map(async (client) => (await client.read(1))[0]?.body));
  expect(bodies).toEqual(clients.map((_, index) => `app GET /${index} 0`));
  expect(await waiting(bed)).toBe(0);
});

test("one target connection sees them in the order in which they came", async () => {
  const bed = await pausedBed();
  const client = await bed.connect();
  client.send(get("/1") + get("/2") + get("/3"));
  await waitFor(bed, 1);
  await setGate(bed, RUNNING);
  expect((await client.read(3)).map(({ body }) => body)).toEqual(["app GET /1 0", "app GET /2 0", "app GET /3 0"]);
});

test("requests that waited go to the new version when it is switched in with the resume", async () => {
  const bed = await pausedBed();
  const clients = await queueUp(bed, 3);
  const next = await startTarget("next");
  await setGate(bed, RUNNING, next.port);
  for (const [index, client] of clients.entries()) expect((await client.read(1))[0]?.body).toBe(`next GET /${index} 0`);
  expect(bed.app.receivedBytes).toBe(0);
});

test("a body that came along waits too and arrives whole", async () => {
  const bed = await pausedBed();
  const client = await bed.connect();
  const body = "0123456789".repeat(30_000);
  client.send(post("/up", body));
  await waitFor(bed, 1);
  await pause(20);
  await setGate(bed, RUNNING);
  await client.read(1);
  expect(bed.app.requests[0]?.body).toBe(body);
});

test("a chunked body that waited arrives whole", async () => {
  const bed = await pausedBed();
  const client = await bed.connect();
  client.send("POST /up HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  await waitFor(bed, 1);
  client.send("6\r\n world\r\n0\r\n\r\n");
  await setGate(bed, RUNNING);
  await client.read(1);
  expect(bed.app.requests[0]?.body).toBe("hello world");
});

test("an upload to a paused service is not read into memory", async () => {
  const bed = await pausedBed();
  const client = await bed.connect();
  client.send("POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 64000000\r\n\r\n");
  client.send(Buffer.alloc(64_000_000));
  await waitFor(bed, 1);
  await pause(60);
  expect(client.socket.writableLength).toBeGreaterThan(32_000_000);
});

test("nor is one whose body begins only after the wait has begun", async () => {
  const bed = await pausedBed();
  const client = await bed.connect();
  client.send("POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 64000000\r\n\r\n");
  await waitFor(bed, 1);
  client.send(Buffer.alloc(64_000_000, "u"));
  await settled(() => client.socket.writableLength);
  expect(client.socket.writableLength).toBeGreaterThan(32_000_000);
  await setGate(bed, RUNNING);
  await client.read(1, [], 20_000);
  expect(bed.app.requests[0]?.body.length).toBe(64_000_000);
});

test("a client that holds its body back while the service is paused is not blamed for it", async () => {
  const bed = await pausedBed({ limits: { bodyTimeoutMs: 150 } });
  const client = await bed.connect();
  client.send("POST /up HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  await waitFor(bed, 1);
  await pause(450);
  expect(client.text).toBe("");
  await setGate(bed, RUNNING);
  await client.until(() => client.text.includes("100 Continue"));
  client.send("hello");
  expect((await client.read(1))[0]?.body).toBe("app POST /up 5");
});

test("a request that has waited for the longest time allowed gets a 504, and the log a warning [A85] [DP-11]", async () => {
  const bed = await pausedBed({}, { state: "paused", maxPauseMs: 200 });
  const client = await bed.connect();
  const startedAt = performance.now();
  expect((await client.ask(get("/late"))).status).toBe(504);
  expect(performance.now() - startedAt).toBeGreaterThan(180);
  expect(bed.proxy.events.join("")).toContain("Rejecting request due to expired pause");
  expect(await waiting(bed)).toBe(0);
  expect(bed.app.receivedBytes).toBe(0);
});

test("maxWaitingRequests: one more is turned away with 503 and a hint when to come back [W15 DP-11]", async () => {
  const bed = await pausedBed({ limits: { maxWaitingRequests: 3 } });
  const clients = await queueUp(bed, 3);
  const client = await bed.connect();
  const response = await client.ask(get("/too-many"));
  expect(response.status).toBe(503);
  expect(Number(valuesOf(response, "retry-after")[0])).toBeGreaterThan(0);
  expect(valuesOf(response, "cache-control")).toEqual(["no-store"]);
  await setGate(bed, RUNNING);
  for (const waiter of clients) expect((await waiter.read(1))[0]?.status).toBe(200);
});

test.each([
  ["resets", (client: RawClient) => client.reset()],
  ["closes", (client: RawClient) => client.destroy()],
  ["says its last word", (client: RawClient) => void client.fin()],
])("a waiting client that %s frees its place and never reaches the target [DP-11]", async (_, leave) => {
  const bed = await pausedBed({ limits: { maxWaitingRequests: 1 } });
  const [gone] = await queueUp(bed, 1);
  if (gone) leave(gone);
  await waitFor(bed, 0);
  const [next] = await queueUp(bed, 1);
  await setGate(bed, RUNNING);
  expect((await next?.read(1))?.[0]?.body).toBe("app GET /0 0");
  expect(bed.app.requests.length).toBe(1);
  expect((await bed.log()).lines.map(({ status }) => status)).toEqual([499, 200]);
});

test("a stopped service answers 503 with its message, escaped, not to be cached [A86] [W25 DP-12]", async () => {
  const bed = await pausedBed({}, { state: "stopped", message: "Back at <b>nine</b> & a bit" });
  const client = await bed.connect();
  const response = await client.ask(get("/"));
  expect(response.status).toBe(503);
  expect(response.body).toContain("Back at &lt;b&gt;nine&lt;/b&gt; &amp; a bit");
  expect(valuesOf(response, "cache-control")).toEqual(["no-store"]);
  expect(Number(valuesOf(response, "retry-after")[0])).toBeGreaterThan(0);
  expect(valuesOf(response, "content-type")).toEqual(["text/html; charset=utf-8"]);
  expect(bed.app.receivedBytes).toBe(0);
});

test("HEAD to a stopped service gets the same fields and no page", async () => {
  const bed = await pausedBed({}, { state: "stopped", message: "x" });
  const client = await bed.connect();
  client.send("HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  const [response] = await client.read(1, ["HEAD"]);
  expect(Number(valuesOf(response ?? { fields: [] }, "content-length")[0])).toBeGreaterThan(100);
  await pause(10);
  expect(client.text).toBe(response?.head);
});

test("the connection survives a 503: after the resume it serves on", async () => {
  const bed = await pausedBed({}, { state: "stopped", message: "" });
  const client = await bed.connect();
  expect((await client.ask(get("/1"))).status).toBe(503);
  await setGate(bed, RUNNING);
  expect((await client.ask(get("/2"))).body).toBe("app GET /2 0");
});

test("those who wait are turned away when the service is stopped [A87] [DP-11]", async () => {
  const bed = await pausedBed();
  const clients = await queueUp(bed, 3);
  await setGate(bed, { state: "stopped", message: "Not today" });
  for (const client of clients) {
    const [response] = await client.read(1);
    expect([response?.status, response?.body.includes("Not today")]).toEqual([503, true]);
  }
});

test("those who wait get a 404 when the service is removed", async () => {
  const bed = await pausedBed();
  const [client] = await queueUp(bed, 1);
  await bed.proxy.serve();
  expect((await client?.read(1))?.[0]?.status).toBe(404);
});

test("a second pause does not shorten the time of those who wait already", async () => {
  const bed = await pausedBed();
  const [client] = await queueUp(bed, 1);
  await setGate(bed, { state: "paused", maxPauseMs: 100 });
  await pause(300);
  expect(client?.text).toBe("");
  const later = await bed.connect();
  expect((await later.ask(get("/later"))).status).toBe(504);
  await setGate(bed, RUNNING);
  expect((await client?.read(1))?.[0]?.status).toBe(200);
});

test("the health check of a load balancer in front is answered while paused and stopped, exactly that [A171] [RT-10]", async () => {
  for (const gate of [
    { state: "paused", maxPauseMs: 150 },
    { state: "stopped", message: "x" },
  ] as const) {
    const bed = await pausedBed({}, gate);
    const client = await bed.connect();
    const healthy = await client.ask(get("/up"));
    expect([healthy.status, healthy.body]).toEqual([200, ""]);
    expect((await client.ask(get("/up?deep=1"))).status).toBe(200);
    const turnedAway = gate.state === "paused" ? 504 : 503;
    for (const path of ["/up/", "/upper", "/UP", "/"])
      expect((await client.ask(get(path))).status, path).toBe(turnedAway);
    expect((await client.ask(post("/up", "x"))).status).toBe(turnedAway);
    expect(bed.app.receivedBytes).toBe(0);
  }
});

test("while it runs, the health check path is the target's own business [A83 A171]", async () => {
  const bed = await startBed();
  const client = await bed.connect();
  expect((await client.ask(get("/up"))).body).toBe("app GET /up 0");
});

test("a request that was sent before the pause goes on undisturbed", async () => {
  const bed = await startBed({ answer: () => null });
  const client = await bed.connect();
  client.send(get("/before"));
  await eventually("it is sent", () => bed.app.requests.length === 1);
  await setGate(bed, PAUSED);
  bed.app.connections[0]?.socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
  expect((await client.read(1))[0]?.body).toBe("done");
});
