/** What a client notices of connection reuse: order, ends, idle time, and what it may send ahead. */
import { expect, test } from "vitest";
import { startBed } from "../support/bed.ts";
import { eventually, settled } from "../support/eventually.ts";
import { valuesOf } from "../support/http-messages.ts";
import { get, post } from "../support/raw-client.ts";
import { bodyFor, okResponse } from "../support/recording-upstream.ts";

test("many requests over one connection use one connection to the target [A176]", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  for (let turn = 0; turn < 20; turn++) {
    const response = await client.ask(get(`/${turn}`));
    expect([response.status, response.body]).toEqual([200, `app GET /${turn} 0`]);
    expect(valuesOf(response, "connection")).toEqual([]);
  }
  expect(app.connections.length).toBe(1);
  expect(client.ended).toBe(false);
});

test("pipelined requests are answered in order, bodies and all", async () => {
  const { connect } = await startBed();
  const client = await connect();
  const requests = [get("/1"), post("/2", "hello"), get("/3"), chunkedPost("/4"), get("/5")];
  client.send(requests.join(""));
  const bodies = (await client.read(5)).map(({ body }) => body);
  expect(bodies).toEqual(["app GET /1 0", "app POST /2 5", "app GET /3 0", "app POST /4 5", "app GET /5 0"]);
});

test("a slow first answer holds the later ones back", async () => {
  const { app, connect } = await startBed();
  app.answer = (request, connection) => {
    if (request.target !== "/slow") return okResponse(bodyFor("app", request));
    setTimeout(() => connection.socket.write(okResponse("slow")), 60);
    return null;
  };
  const client = await connect();
  client.send(get("/slow") + get("/fast"));
  expect((await client.read(2)).map(({ body }) => body)).toEqual(["slow", "app GET /fast 0"]);
});

test("the target never has a second request of a connection before it has answered the first", async () => {
  const { app, connect } = await startBed();
  let open = 0;
  let most = 0;
  app.answer = (request, connection) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      connection.socket.write(okResponse(bodyFor("app", request)));
    }, 3);
    return null;
  };
  const client = await connect();
  client.send(Array.from({ length: 10 }, (_, n) => get(`/${n}`)).join(""));
  await client.read(10);
  expect(most).toBe(1);
});

test("a client that asks for it gets its connection closed after the answer, and told so", async () => {
  const { connect } = await startBed();
  const client = await connect();
  const response = await client.ask(get("/", "a.test", "Connection: close\r\n"));
  expect(valuesOf(response, "connection")).toEqual(["close"]);
  await eventually("the proxy closes", () => client.ended);
});

test("nothing behind a request that says close is answered or forwarded", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  client.send(get("/last", "a.test", "Connection: close\r\n") + get("/ignored"));
  await client.until(() => client.ended);
  expect(client.responses().map(({ body }) => body)).toEqual(["app GET /last 0"]);
  expect(app.requests.map(({ target }) => target)).toEqual(["/last"]);
});

test("`Connection: close` of a target ends the target's connection, not the client's [FW-09]", async () => {
  const { app, connect } = await startBed();
  app.answer = (request) => okResponse(bodyFor("app", request), request, "Connection: close\r\n");
  const client = await connect();
  for (const path of ["/1", "/2", "/3"]) {
    const response = await client.ask(get(path));
    expect([response.body, valuesOf(response, "connection")]).toEqual([`app GET ${path} 0`, []]);
  }
  expect(client.ended).toBe(false);
  expect(app.connections.length).toBe(3);
  await eventually("they are closed", () => app.connections.every(({ ended, closed }) => ended || closed));
});

test("an idle connection is closed after the keep-alive time, without a word", async () => {
  const { connect } = await startBed({ limits: { keepAliveTimeoutMs: 250 } });
  const client = await connect();
  await client.ask(get("/"));
  const before = client.text.length;
  const idleSince = performance.now();
  await eventually("the proxy closes", () => client.ended);
  expect(performance.now() - idleSince).toBeGreaterThan(200);
  expect(client.text.length).toBe(before);
});

test("a connection on which nothing is ever asked is closed by the head timeout, without a word", async () => {
  const { connect } = await startBed({ limits: { headTimeoutMs: 200 } });
  const client = await connect();
  await eventually("the proxy closes", () => client.ended);
  expect(client.text).toBe("");
});

test("a client that pipelines without end and never reads does not fill the proxy's memory", async () => {
  const body = "x".repeat(32_000);
  const { app, proxy, connect } = await startBed({ answer: () => okResponse(body) });
  const client = await connect();
  client.socket.pause();
  for (let turn = 0; turn < 30; turn++) client.send(get("/flood").repeat(100));
  const asked = await settled(() => app.connections[0]?.answered ?? 0);
  expect(asked).toBeGreaterThan(10);
  // What the sockets hold, and not the 3,000 that were sent.
  expect(asked).toBeLessThan(1_000);
  expect((await proxy.plane.counters()).requestsTotal).toBeLessThan(1_000);
  client.destroy();
});

test("empty lines between requests are skipped, other garbage is refused after the good answer", async () => {
  const { connect } = await startBed();
  const client = await connect();
  client.send(`${get("/1")}\r\n\r\n${get("/2")}GARBAGE\r\n\r\n`);
  const responses = await client.read(3);
  expect(responses.map(({ status }) => status)).toEqual([200, 200, 400]);
  expect(await client.until(() => client.ended)).toBe(true);
});

function chunkedPost(path: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`;
}
