/** Clients that leave: the target hears of it at once, the log says 499, and nobody else notices. */
import { describe, expect, test } from "vitest";
import { type Bed, startBed } from "../support/bed.ts";
import { eventually } from "../support/eventually.ts";
import { get, type RawClient } from "../support/raw-client.ts";

const LENGTH = "POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\nsome of it";
const CHUNKED = "POST /up HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";

const LEAVING: readonly [string, (client: RawClient) => unknown][] = [
  ["a reset", (client) => client.reset()],
  ["a FIN", (client) => client.fin()],
  ["a close", (client) => client.destroy()],
];

async function uploadStarted(bed: Bed, bytes: string): Promise<RawClient> {
  const client = await bed.connect();
  client.send(bytes);
  await eventually("the upload reaches the target", () => bed.app.requests.some(({ body }) => body.length > 0));
  return client;
}

describe.each([
  ["Content-Length", LENGTH],
  ["chunked", CHUNKED],
])("an upload framed by %s that breaks off", (_, bytes) => {
  test.each(LEAVING)(
    "by %s reaches the target as an abort within 100 ms, and the log as 499 [W30]",
    async (_, leave) => {
      const bed = await startBed();
      const client = await uploadStarted(bed, bytes);
      const leftAt = performance.now();
      leave(client);
      await eventually("the target's connection closes", () => bed.app.connections[0]?.closed === true);
      expect((bed.app.connections[0]?.closedAt ?? Infinity) - leftAt).toBeLessThan(100);
      expect(bed.app.connections[0]?.aborted).toBe(true);
      expect(bed.app.connections[0]?.error).toBe("ECONNRESET");
      const { lines } = await bed.log();
      expect(lines.map(({ status, path }) => [status, path])).toEqual([[499, "/up"]]);
    },
  );
});

test("a client that leaves while the target works ends that work, and is logged as 499 [A181]", async () => {
  const bed = await startBed({ answer: () => null });
  const client = await bed.connect();
  client.send(get("/work"));
  await eventually("the target works", () => bed.app.requests.length === 1);
  client.reset();
  await eventually("the target's connection closes", () => bed.app.connections[0]?.closed === true, 500);
  const { lines } = await bed.log();
  expect(lines.map(({ status, path }) => [status, path])).toEqual([[499, "/work"]]);
  expect(bed.app.connections.length).toBe(1);
  expect(Object.values((await bed.proxy.plane.counters()).targets).map(({ inFlight }) => inFlight)).toEqual([0]);
});

test("a client that says its last word after a whole request still gets its answer [W30]", async () => {
  const bed = await startBed({ answer: () => null });
  const client = await bed.connect();
  client.send(get("/half-closed")).fin();
  await eventually("the request arrives", () => bed.app.requests.length === 1);
  bed.app.connections[0]?.socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
  expect((await client.read(1))[0]?.body).toBe("done");
  await eventually("the connection closes", () => client.closed);
  expect((await bed.log()).lines.map(({ status }) => status)).toEqual([200]);
});

test("pipelined requests before a FIN are all answered", async () => {
  const bed = await startBed();
  const client = await bed.connect();
  client.send(get("/1") + get("/2") + get("/3")).fin();
  expect((await client.read(3)).map(({ body }) => body)).toEqual(["app GET /1 0", "app GET /2 0", "app GET /3 0"]);
});

test("a client that said its last word and then waits for ever is let go after its time", async () => {
  const bed = await startBed({ limits: { halfCloseTimeoutMs: 150 }, answer: () => null });
  const client = await bed.connect();
  client.send(get("/slow")).fin();
  await eventually("the request arrives", () => bed.app.requests.length === 1);
  await eventually("it is given up", () => client.closed && bed.app.connections[0]?.closed === true);
  expect(client.text).toBe("");
});

test("a client that leaves in the middle of a response stops the target", async () => {
  const bed = await startBed({ answer: () => "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nfirst part" });
  const client = await bed.connect();
  client.send(get("/big"));
  await client.until(() => client.text.endsWith("first part"));
  client.reset();
  await eventually("the target's connection closes", () => bed.app.connections[0]?.closed === true, 500);
  const { lines } = await bed.log();
  expect(lines.map(({ status, resp_content_length: bytes }) => [status, bytes])).toEqual([[200, 10]]);
});

test("a client that resets right after its request harms nobody", async () => {
  const bed = await startBed();
  for (let turn = 0; turn < 30; turn++) {
    const client = await bed.connect();
    client.send(get(`/${turn}`));
    client.reset();
  }
  const client = await bed.connect();
  expect((await client.ask(get("/after"))).body).toBe("app GET /after 0");
});

test("an answer never reaches the next client in the place of one that has left", async () => {
  const bed = await startBed({ answer: () => null });
  const gone = await bed.connect();
  gone.send(get("/gone"));
  await eventually("the request arrives", () => bed.app.requests.length === 1);
  const late = bed.app.connections[0]?.socket;
  gone.reset();
  late?.write("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nSECRET");
  bed.app.answer = () => "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine";
  const next = await bed.connect();
  expect((await next.ask(get("/next"))).body).toBe("mine");
});
