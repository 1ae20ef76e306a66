/** HTTP/1.0 clients: old health checkers and scripts get what they can understand. */
import { expect, test } from "vitest";
import { startBed } from "../support/bed.ts";
import { eventually } from "../support/eventually.ts";
import { valuesOf } from "../support/http-messages.ts";
import { okResponse } from "../support/recording-upstream.ts";

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n";

test("the connection closes after the answer", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  const response = await client.ask("GET /old HTTP/1.0\r\nHost: a.test\r\n\r\n");
  expect([response.body, valuesOf(response, "connection")]).toEqual(["app GET /old 0", ["close"]]);
  expect(await client.until(() => client.ended)).toBe(true);
  expect(app.requests[0]?.version).toBe("HTTP/1.1");
});

test("it stays open for one that asks, and the answer says so", async () => {
  const { connect } = await startBed();
  const client = await connect();
  for (const path of ["/1", "/2"]) {
    const response = await client.ask(`GET ${path} HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n`);
    expect([response.body, valuesOf(response, "connection")]).toEqual([`app GET ${path} 0`, ["keep-alive"]]);
  }
  expect(client.ended).toBe(false);
});

test("without a Host the target still gets one", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  expect((await client.ask("GET /no-host HTTP/1.0\r\n\r\n")).status).toBe(200);
  expect(valuesOf(app.requests[0] ?? { fields: [] }, "host")).toEqual([`127.0.0.1:${app.port}`]);
});

test("a chunked answer arrives plain, ended by the close, without chunk sizes and trailers", async () => {
  const { connect } = await startBed({ answer: () => CHUNKED });
  const client = await connect();
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  await eventually("the proxy closes", () => client.ended);
  const [response] = client.responses();
  expect(response?.body).toBe("abcde");
  expect(valuesOf(response ?? { fields: [] }, "transfer-encoding")).toEqual([]);
  expect(valuesOf(response ?? { fields: [] }, "connection")).toEqual(["close"]);
});

test("a chunked answer that breaks off is seen to break: the connection is reset, not closed", async () => {
  const { app, connect } = await startBed();
  app.answer = (_, connection) => {
    setTimeout(() => connection.socket.resetAndDestroy(), 30);
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
  };
  const client = await connect();
  client.send("GET / HTTP/1.0\r\n\r\n");
  await eventually("the connection goes", () => client.closed);
  expect(client.error).toBe("ECONNRESET");
});

test("1xx responses are kept from clients that do not know them", async () => {
  const hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
  const { connect } = await startBed({ answer: (request) => hints + okResponse("done", request) });
  const client = await connect();
  const response = await client.ask("GET / HTTP/1.0\r\n\r\n");
  expect(response.informational).toEqual([]);
  expect(response.body).toBe("done");
});

test("no upgrade is offered for a client that cannot have one", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  await client.ask("GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  expect(app.requests[0]?.head).not.toMatch(/upgrade/i);
});

test("a POST without a length has no body", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  expect((await client.ask("POST / HTTP/1.0\r\nHost: a.test\r\n\r\n")).status).toBe(200);
  expect(app.requests[0]?.body).toBe("");
});
