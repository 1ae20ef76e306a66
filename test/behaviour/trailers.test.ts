/** Trailers travel both ways, announced or not, and never turn into header fields. */
import { expect, test } from "vitest";
import { startBed } from "../support/bed.ts";
import { valuesOf } from "../support/http-messages.ts";
import { get } from "../support/raw-client.ts";

const chunked = (trailers: string, fields = ""): string =>
  `POST /t HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n${fields}\r\n5\r\nhello\r\n0\r\n${trailers}\r\n`;

test("a request's trailers reach the target as trailers, with their announcement [W13]", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  expect((await client.ask(chunked("X-Sum: 5\r\nX-End: yes \r\n", "Trailer: X-Sum, X-End\r\n"))).status).toBe(200);
  const [request] = app.requests;
  expect([request?.body, request?.trailers]).toEqual([
    "hello",
    [
      ["X-Sum", "5"],
      ["X-End", "yes"],
    ],
  ]);
  expect(valuesOf(request ?? { fields: [] }, "trailer")).toEqual(["X-Sum, X-End"]);
  expect(valuesOf(request ?? { fields: [] }, "x-sum")).toEqual([]);
});

test("a response's trailers reach the client, as gRPC needs it [W13]", async () => {
  const { connect } = await startBed({
    answer: () =>
      "HTTP/1.1 200 OK\r\nTrailer: Grpc-Status\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nGrpc-Status: 0\r\nGrpc-Message: fine\r\n\r\n",
  });
  const client = await connect();
  const response = await client.ask(get("/", "a.test", "TE: trailers\r\n"));
  expect([response.body, response.trailers]).toEqual([
    "abc",
    [
      ["Grpc-Status", "0"],
      ["Grpc-Message", "fine"],
    ],
  ]);
  expect(valuesOf(response, "trailer")).toEqual(["Grpc-Status"]);
});

test("`TE: trailers` is told to the target, other codings are not", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  await client.ask(get("/1", "a.test", "TE: gzip, trailers;q=0.5\r\n"));
  await client.ask(get("/2", "a.test", "TE: gzip\r\n"));
  await client.ask(get("/3", "a.test", "TE: strailers\r\n"));
  expect(app.requests.map((request) => valuesOf(request, "te"))).toEqual([["trailers"], [], []]);
});

test("fields that frame, route or authenticate do not come in through trailers", async () => {
  const bad =
    "Content-Length: 3\r\nHost: evil.test\r\nTransfer-Encoding: gzip\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n";
  const { app, connect } = await startBed();
  const client = await connect();
  await client.ask(chunked(`${bad}X-Fine: 1\r\nAuthorization: Basic eA==\r\n`));
  expect(app.requests[0]?.trailers).toEqual([["X-Fine", "1"]]);
});

test("malformed trailers are a 400, and the target sees an abort", async () => {
  for (const trailers of ["no colon\r\n", "X-A : 1\r\n", "X-A: 1\n", " folded\r\n", "X-A: \x00\r\n"]) {
    const { app, connect } = await startBed();
    const client = await connect();
    client.send(chunked(trailers));
    await client.until(() => client.ended || client.closed);
    expect(client.responses()[0]?.status ?? "close", JSON.stringify(trailers)).toBe(400);
    expect(app.requests.filter(({ complete }) => complete)).toEqual([]);
  }
});

test("a trailer section that is too large is refused", async () => {
  const { app, connect } = await startBed({ limits: { maxTrailerBytes: 1_000 } });
  const client = await connect();
  client.send(chunked(`X-A: ${"a".repeat(1_000)}\r\n`));
  await client.until(() => client.ended || client.closed);
  expect(client.responses()[0]?.status).toBe(400);
  expect(app.requests.filter(({ complete }) => complete)).toEqual([]);
});

test("a target's trailer section that is too large breaks the response visibly", async () => {
  const { connect } = await startBed({
    limits: { maxTrailerBytes: 1_000 },
    answer: () =>
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-A: ${"a".repeat(2_000)}\r\n\r\n`,
  });
  const client = await connect();
  client.send(get("/"));
  await client.until(() => client.ended || client.closed);
  expect(client.responses()[0]?.complete ?? false).toBe(false);
});
