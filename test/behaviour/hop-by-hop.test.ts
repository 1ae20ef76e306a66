/** Fields that concern one connection only stay on it, in both directions; all others pass byte for byte. */
import { expect, test } from "vitest";
import { startBed } from "../support/bed.ts";
import { valuesOf } from "../support/http-messages.ts";
import { get } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";

const HOP_BY_HOP = [
  "Connection: keep-alive, X-Nominated",
  "X-Nominated: 1",
  "Keep-Alive: timeout=5",
  "Proxy-Connection: keep-alive",
  "Proxy-Authenticate: Basic",
  "Upgrade: foo",
];

test("a request's hop-by-hop fields stay here", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  const fields = [...HOP_BY_HOP, "TE: gzip", "Proxy-Authorization: Basic eA==", "Proxy: x", "HTTP2-Settings: x"];
  await client.ask(get("/", "a.test", `${fields.join("\r\n")}\r\n`));
  const [request] = app.requests;
  expect(request?.fields.map(([name]) => name)).toEqual([
    "Host",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Request-ID",
    "X-Request-Start",
    "X-Kamal-Target",
  ]);
});

test("a response's hop-by-hop fields stay there [FW-08]", async () => {
  const { connect } = await startBed({
    answer: (request) => okResponse("ok", request, `${HOP_BY_HOP.join("\r\n")}\r\nX-Kept: 1\r\n`),
  });
  const client = await connect();
  const response = await client.ask(get("/"));
  expect(response.fields.map(([name]) => name)).toEqual(["Content-Type", "X-Kept", "Content-Length", "Date"]);
});

test("`Connection` cannot take away what frames or routes a message", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  client.send(
    "POST / HTTP/1.1\r\nHost: a.test\r\nConnection: Host, Content-Length, Transfer-Encoding\r\nContent-Length: 5\r\n\r\nhello",
  );
  expect((await client.read(1))[0]?.status).toBe(200);
  expect([app.requests[0]?.body, valuesOf(app.requests[0] ?? { fields: [] }, "host")]).toEqual(["hello", ["a.test"]]);
});

test("a response's `Connection: Content-Length` does not unframe it", async () => {
  const { connect } = await startBed({
    answer: (request) => okResponse("body", request, "Connection: Content-Length\r\n"),
  });
  const client = await connect();
  const response = await client.ask(get("/"));
  expect([response.framing, response.body]).toEqual(["length", "body"]);
  expect((await client.ask(get("/"))).status).toBe(200);
});

test("everything else of a request passes byte for byte: order, case, blanks inside, odd bytes", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  const odd =
    'X-MiXeD:  two  blanks \t inside \r\nx-mixed: again\r\nX-Bytes: caf\xe9 \xff "q" \\\r\nX-Empty:\r\nCookie: a=1\r\nCookie: b=2\r\n';
  await client.ask(get("/", "a.test", odd));
  expect(app.requests[0]?.head).toContain(`Host: a.test\r\n${odd}`);
});

test("everything else of a response passes byte for byte", async () => {
  const odd =
    "SeT-CoOkIe: a=1; Path=/\r\nset-cookie: b=2\r\nX-Bytes: \xe2\x82\xac\xff\r\nX-Empty:\r\nServer: mine\r\nDate: then\r\n";
  const { connect } = await startBed({ answer: (request) => okResponse("ok", request, odd) });
  const client = await connect();
  const response = await client.ask(get("/"));
  expect(response.head).toContain(odd);
  expect(valuesOf(response, "date")).toEqual(["then"]);
});

test("a status line with its own words, or none, passes", async () => {
  for (const line of ["HTTP/1.1 299 It's fine, really", "HTTP/1.1 404 ", "HTTP/1.1 200", "HTTP/1.1 599 caf\xe9"]) {
    const { connect } = await startBed({ answer: () => `${line}\r\nContent-Length: 0\r\n\r\n` });
    const client = await connect();
    expect((await client.ask(get("/"))).startLine).toBe(line);
  }
});

test("a response without a Date gets one, without a Server none [FW-10]", async () => {
  const { connect } = await startBed();
  const client = await connect();
  const response = await client.ask(get("/"));
  expect(Math.abs(Date.parse(valuesOf(response, "date")[0] ?? "") - Date.now())).toBeLessThan(3_000);
  expect(response.head).not.toMatch(/^(server|via):/im);
});

test.each([
  ["HEAD keeps the length that a GET would have", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", ["500"]],
  [
    "a HEAD answered as chunked stays without a body",
    "HEAD",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    [],
  ],
  ["304 keeps its length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", ["500"]],
  ["204 has none", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", []],
])("a response without a body: %s", async (_, method, answer, lengths) => {
  const { connect } = await startBed({ answer: ({ target }) => (target === "/" ? answer : okResponse("next")) });
  const client = await connect();
  client.send(`${method} / HTTP/1.1\r\nHost: a.test\r\n\r\n${get("/next")}`);
  const [first, second] = await client.read(2, [method]);
  expect([first?.body, second?.body]).toEqual(["", "next"]);
  expect(valuesOf(first ?? { fields: [] }, "content-length")).toEqual(lengths);
});
