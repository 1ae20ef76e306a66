/** HTTP/2 for clients, HTTP/1.1 for targets: what goes in on a stream comes out whole on the other side, and back. */
import { expect, test } from "vitest";
import { eventually, pause } from "../support/eventually.ts";
import { valuesOf } from "../support/http-messages.ts";
import { ask, startHttp2Bed } from "../support/http2-bed.ts";
import { okResponse } from "../support/recording-upstream.ts";
import { service, tlsRoute } from "../support/running-proxy.ts";

test("a request reaches the target as HTTP/1.1 with Host and forwarded fields; the answer comes back", async () => {
  const { app, session, log } = await startHttp2Bed({
    answer: (request) => okResponse("hello", request, "X-Up: Yes\r\nConnection: keep-alive, X-Own\r\nX-Own: 1\r\n"),
  });
  const response = await ask(await session(), { ":path": "/p?q=1", "x-mine": "Ünï", "user-agent": "agent" });
  expect([response.status, response.body, response.code]).toEqual([200, "hello", 0]);
  expect(response.headers).toMatchObject({ "content-length": "5", "content-type": "text/plain", "x-up": "Yes" });
  expect(response.headers.date).toMatch(/ GMT$/);
  expect(response.raw.filter((_, index) => index % 2 === 0)).not.toContain("connection");
  expect(response.headers["x-own"]).toBeUndefined();
  const [request] = app.requests;
  expect(request?.head).toMatch(/^GET \/p\?q=1 HTTP\/1\.1\r\nHost: a\.test\r\n/);
  expect(valuesOf(request ?? { fields: [] }, "x-mine")).toEqual(["Ünï"]);
  expect(valuesOf(request ?? { fields: [] }, "x-forwarded-proto")).toEqual(["https"]);
  expect(valuesOf(request ?? { fields: [] }, "transfer-encoding")).toEqual([]);
  expect((await log()).lines[0]).toMatchObject({
    proto: "HTTP/2.0",
    scheme: "https",
    host: "a.test",
    method: "GET",
    path: "/p",
    query: "q=1",
    status: 200,
    resp_content_length: 5,
    user_agent: "agent",
  });
});

test("many streams at once, each with its own answer, over few connections to the target", async () => {
  const { app, session, proxy } = await startHttp2Bed({ metrics: {} });
  const client = await session();
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, index) =>
      ask(client, { ":path": `/${index}`, ":method": index % 3 ? "GET" : "HEAD" }),
    ),
  );
  for (const [index, { status, body }] of answers.entries()) {
    expect([status, body]).toEqual([200, index % 3 ? `app GET /${index} 0` : ""]);
  }
  expect(app.connections.length).toBeLessThanOrEqual(128);
  expect((await proxy.plane.counters()).targets["app-" + app.port]?.inFlight).toBe(0);
  expect(await proxy.metrics()).toMatch(/^kamal_proxy_http_requests_total\{[^}]*method="GET"[^}]*\} 200$/m);
});

test("cookie crumbs arrive as one field [H2-17]", async () => {
  const { app, session } = await startHttp2Bed();
  await ask(await session(), { cookie: ["a=1", "b=2; c=3"] });
  expect(valuesOf(app.requests[0] ?? { fields: [] }, "cookie")).toEqual(["a=1; b=2; c=3"]);
});

test("each Set-Cookie stays a field of its own, and a field that should be single may be double", async () => {
  const fields = "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nETag: x\r\nETag: y\r\nHTTP2-Settings: q\r\n";
  const { session } = await startHttp2Bed({ answer: (request) => okResponse("x", request, fields) });
  const response = await ask(await session());
  expect(response.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
  expect(response.raw.filter((text) => text === "etag").length).toBe(2);
});

test("responses without a body: HEAD, 204, 205, 304, and an empty 200", async () => {
  const answers: Record<string, string> = {
    "/204": "HTTP/1.1 204 No Content\r\n\r\n",
    "/205": "HTTP/1.1 205 Reset Content\r\nContent-Length: 3\r\n\r\nabc",
    "/304": "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\nETag: x\r\n\r\n",
    "/empty": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "/chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "/head": "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n",
    "/head-chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
  };
  const { session } = await startHttp2Bed({ answer: ({ target }) => answers[target] ?? null });
  const client = await session();
  const got = async (path: string, method = "GET"): Promise<unknown[]> => {
    const { status, body, code, headers } = await ask(client, { ":path": path, ":method": method });
    return [status, body, code, headers["content-length"]];
  };
  expect(await got("/204")).toEqual([204, "", 0, undefined]);
  expect(await got("/205")).toEqual([205, "", 0, undefined]);
  expect(await got("/304")).toEqual([304, "", 0, "10"]);
  expect(await got("/empty")).toEqual([200, "", 0, "0"]);
  expect(await got("/chunked")).toEqual([200, "", 0, undefined]);
  expect(await got("/head", "HEAD")).toEqual([200, "", 0, "77"]);
  expect(await got("/head-chunked", "HEAD")).toEqual([200, "", 0, undefined]);
});

test("a status that HTTP/2 cannot carry is a 502 with what the target says", async () => {
  const { session, log } = await startHttp2Bed({ answer: () => "HTTP/1.1 999 Denied\r\nContent-Length: 2\r\n\r\nno" });
  const response = await ask(await session());
  expect([response.status, response.body]).toEqual([502, "no"]);
  expect((await log()).lines[0]).toMatchObject({ status: 502 });
});

test("1xx are passed on, `100 Continue` included", async () => {
  const { session } = await startHttp2Bed({
    answer: (request) =>
      `HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nLink: </b.js>\r\n\r\n${okResponse(request.body, request)}`,
  });
  const client = await session();
  const hinted = await ask(client);
  expect(hinted.informational.map((headers) => [headers[":status"], headers["link"]])).toEqual([
    [103, "</a.css>, </b.js>"],
  ]);
  const stream = client.request({ ":path": "/", ":method": "POST", ":authority": "a.test", expect: "100-continue" });
  let continued = false;
  let body = "";
  stream.on("continue", () => {
    continued = true;
    stream.end("asked");
  });
  stream.on("data", (chunk: Buffer) => {
    body += chunk.toString();
  });
  await eventually("the answer", () => body === "asked");
  expect(continued).toBe(true);
});

test("errors come as pages with their fields, HEAD without the page", async () => {
  const { app, session, proxy, log } = await startHttp2Bed();
  const client = await session();
  await app.stop();
  const response = await ask(client);
  expect([response.status, response.headers["content-type"]]).toEqual([502, "text/html; charset=utf-8"]);
  expect(response.headers["cache-control"]).toBe("no-store");
  expect(response.body).toContain("<h1>");
  expect(response.headers["content-length"]).toBe(String(response.body.length));
  const head = await ask(client, { ":method": "HEAD" });
  expect([head.status, head.body, head.code]).toEqual([502, "", 0]);
  expect((await log()).lines.map(({ status }) => status)).toEqual([502, 502]);
  await proxy.serve();
  expect((await ask(client)).status).toBe(404);
  expect((await ask(client, { ":method": "POST" }, "a body")).status).toBe(404);
  expect((await ask(client, { ":method": "OPTIONS", ":path": "*" })).status).toBe(200);
});

test("a paused service keeps streams waiting, a stopped one turns them away, custom pages show", async () => {
  const { app, session, proxy } = await startHttp2Bed();
  const gated = (gate: Parameters<typeof service>[2]): Promise<void> =>
    proxy.serve(service("app", [app.port], { tls: tlsRoute(), ...gate }));
  const client = await session();
  await gated({ gate: { state: "paused", maxPauseMs: 5_000 } });
  const waiting = [ask(client), ask(client, { ":method": "POST" }, "b".repeat(1_000))];
  const gone = client.request({ ":path": "/gone", ":authority": "a.test" });
  gone.on("error", () => undefined);
  await eventually("they wait", () => app.requests.length === 0);
  await pause(50);
  gone.close(8);
  await pause(50);
  await gated({ gate: { state: "running" } });
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
  expect(app.requests.map(({ body, method }) => `${method} ${body.length}`).toSorted()).toEqual(["GET 0", "POST 1000"]);
  await gated({
    gate: { state: "stopped", message: "Back soon" },
    errorPages: { "503.html": "<p>mine: {{ .Message }}</p>" },
  });
  const stopped = await ask(client);
  expect([stopped.status, stopped.body, stopped.headers["retry-after"]]).toEqual([503, "<p>mine: Back soon</p>", "60"]);
});

test("a name that the certificate does not cover is told to come by another connection [H2-21]", async () => {
  const { app, session } = await startHttp2Bed();
  const client = await session();
  expect((await ask(client, { ":authority": "b.test" })).status).toBe(200);
  expect((await ask(client, { ":authority": "other.test" })).status).toBe(421);
  expect(app.requests.length).toBe(1);
});

test("an idle connection ends in peace after its time, one without any request earlier", async () => {
  const { session } = await startHttp2Bed({
    limits: { keepAliveTimeoutMs: 250, headTimeoutMs: 150, lingerTimeoutMs: 200 },
  });
  const asked = await session();
  const silent = await session();
  const codes: number[] = [];
  asked.on("goaway", (code: number) => codes.push(code));
  expect((await ask(asked)).status).toBe(200);
  await eventually("both have ended", () => asked.closed && silent.closed);
  expect(codes).toEqual([0]);
});
