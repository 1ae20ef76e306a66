/** Kept target connections that go bad: what is sent twice, what never is, and what an idle connection may not say. */
import { describe, expect, test } from "vitest";
import { type Bed, startBed } from "../support/bed.ts";
import { eventually, pause } from "../support/eventually.ts";
import { get, post } from "../support/raw-client.ts";
import { type Answerer, bodyFor, okResponse } from "../support/recording-upstream.ts";

/** Answers the first request of each connection, and breaks at the second: the race of reuse, made certain. */
const breaksWhenReused: Answerer = (request, { requests, socket }) => {
  if (requests.length > 1) socket.destroy();
  return requests.length > 1 ? null : okResponse(bodyFor("app", request), request);
};

const request = (method: string, body = "", fields = ""): string =>
  `${method} /again HTTP/1.1\r\nHost: a.test\r\n${fields}${body === "" ? "" : `Content-Length: ${body.length}\r\n`}\r\n${body}`;

const attempts = (bed: Bed): number => bed.app.requests.filter(({ target }) => target === "/again").length;

describe("the target closes a kept connection just as it is used again", () => {
  test.each([
    ["GET", request("GET")],
    ["HEAD", request("HEAD")],
    ["OPTIONS", request("OPTIONS")],
    ["DELETE", request("DELETE")],
    ["PUT with a small body", request("PUT", "hello")],
    ["POST with an Idempotency-Key", request("POST", "hello", "Idempotency-Key: 1\r\n")],
    ["POST with an X-Idempotency-Key", request("POST", "hello", "X-Idempotency-Key: 1\r\n")],
  ])("%s is sent once more over a fresh connection, and answered", async (name, bytes) => {
    const bed = await startBed({ answer: breaksWhenReused });
    const client = await bed.connect();
    await client.ask(get("/first"));
    client.send(bytes);
    const [, response] = await client.read(2, ["GET", name.split(" ")[0] ?? ""]);
    expect(response?.status).toBe(200);
    expect(attempts(bed)).toBe(2);
    expect(bed.app.requests.every(({ complete }) => complete)).toBe(true);
    const bodies = bed.app.requests.filter(({ target }) => target === "/again").map(({ body }) => body);
    expect(bodies[1]).toBe(bodies[0]);
    expect((await bed.log()).lines.length).toBe(2);
  });

  test.each([
    ["POST", request("POST", "hello")],
    ["POST without a body", request("POST", "", "Content-Length: 0\r\n")],
    ["PATCH", request("PATCH", "hello")],
    ["a method nobody knows", request("SHOVE")],
  ])("%s is not sent twice", async (_, bytes) => {
    const bed = await startBed({ answer: breaksWhenReused });
    const client = await bed.connect();
    await client.ask(get("/first"));
    client.send(bytes);
    expect((await client.read(2))[1]?.status).toBe(502);
    expect(attempts(bed)).toBe(1);
  });

  test("a body that is no longer at hand is not sent twice", async () => {
    const bed = await startBed();
    const client = await bed.connect();
    await client.ask(get("/first"));
    client.send("PUT /again HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nfirst");
    await eventually("the first part arrives", () => attempts(bed) === 1);
    client.send("-half");
    bed.app.connections[0]?.socket.destroy();
    expect((await client.read(2))[1]?.status).toBe(502);
    expect(attempts(bed)).toBe(1);
  });
});

test("a POST does not use a connection that has been idle for long", async () => {
  const bed = await startBed({ answer: breaksWhenReused, limits: { freshEnoughMs: 50 } });
  const client = await bed.connect();
  await client.ask(get("/first"));
  await pause(80);
  expect((await client.ask(post("/again", "hello"))).status).toBe(200);
  expect(attempts(bed)).toBe(1);
  expect(bed.app.connections.length).toBe(2);
});

test("a request is sent again once, not for ever", async () => {
  const bed = await startBed({
    answer: ({ target }, { socket }) => {
      if (target === "/first") return okResponse("fine");
      socket.destroy();
      return null;
    },
  });
  const client = await bed.connect();
  await client.ask(get("/first"));
  expect((await client.ask(get("/again"))).status).toBe(502);
  expect(attempts(bed)).toBe(2);
});

test("a failure on a fresh connection is not tried again", async () => {
  const bed = await startBed({
    answer: (_, { socket }) => {
      socket.destroy();
      return null;
    },
  });
  const client = await bed.connect();
  expect((await client.ask(get("/again"))).status).toBe(502);
  expect(attempts(bed)).toBe(1);
});

test.each([
  ["part of a status line", "HTTP/1.1 2"],
  ["part of a head", "HTTP/1.1 200 OK\r\nContent-"],
  ["a 1xx", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"],
])("a break after %s is not tried again", async (_, part) => {
  const bed = await startBed({
    answer: ({ target }, { socket }) => {
      if (target === "/first") return okResponse("fine");
      socket.end(part);
      return null;
    },
  });
  const client = await bed.connect();
  await client.ask(get("/first"));
  expect((await client.ask(get("/again"))).status).toBe(502);
  expect(attempts(bed)).toBe(1);
});

test("an idle connection that the target closes is not used again", async () => {
  const bed = await startBed();
  const client = await bed.connect();
  await client.ask(get("/first"));
  bed.app.connections[0]?.socket.end();
  await eventually("the proxy lets go", () => bed.app.connections[0]?.closed === true);
  expect((await client.ask(post("/again", "hello"))).status).toBe(200);
  expect(bed.app.connections.length).toBe(2);
});

test.each(["HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON", "garbage", "\r\n"])(
  "what an idle connection says unasked (%j) is never delivered",
  async (unasked) => {
    const bed = await startBed();
    const client = await bed.connect();
    await client.ask(get("/first"));
    bed.app.connections[0]?.socket.write(unasked);
    await eventually("the proxy drops it", () => bed.app.connections[0]?.closed === true);
    const response = await client.ask(get("/again"));
    expect([response.status, response.body]).toEqual([200, "app GET /again 0"]);
  },
);

test("a target's own keep-alive time is kept, with a margin", async () => {
  const bed = await startBed({ answer: (request) => okResponse("ok", request, "Keep-Alive: timeout=1\r\n") });
  const client = await bed.connect();
  await client.ask(get("/1"));
  await client.ask(get("/2"));
  expect(bed.app.connections.length).toBe(1);
  await pause(600);
  await client.ask(get("/3"));
  expect(bed.app.connections.length).toBe(2);
});

test("an idle connection is closed after its time", async () => {
  const bed = await startBed({ limits: { poolIdleMs: 200 } });
  const client = await bed.connect();
  await client.ask(get("/"));
  expect(bed.app.connections[0]?.ended).toBe(false);
  await eventually("it is closed", () => bed.app.connections[0]?.closed === true);
  expect((await client.ask(get("/"))).status).toBe(200);
});

test("no more idle connections are kept than allowed", async () => {
  const bed = await startBed({ limits: { maxIdlePerTarget: 2 }, answer: () => null });
  const clients = await Promise.all(Array.from({ length: 5 }, () => bed.connect()));
  for (const client of clients) client.send(get("/"));
  await eventually("all have arrived", () => bed.app.requests.length === 5);
  for (const { socket } of bed.app.connections) socket.write(okResponse("ok"));
  await Promise.all(clients.map((client) => client.read(1)));
  await eventually("three are closed", () => bed.app.connections.filter(({ closed }) => closed).length === 3);
  expect(Object.values((await bed.proxy.plane.counters()).targets)[0]?.idleConnections).toBe(2);
});
