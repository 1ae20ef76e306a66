/** The access log: one line per request, the reference's fields in the reference's order, whatever clients put in. */
import { expect, test } from "vitest";
import { type Bed, type LogLine, startBed } from "../support/bed.ts";
import { eventually } from "../support/eventually.ts";
import { get, post } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";

/** proxy-behaviour.md §10.2. */
const FIELDS =
  "time level msg host port path request_id status service target duration method req_content_length req_content_type resp_content_length resp_content_type client_addr client_port remote_addr user_agent proto scheme query".split(
    " ",
  );

async function lineOf(bed: Bed, bytes: string, method = "GET"): Promise<LogLine> {
  const client = await bed.connect();
  client.send(bytes);
  await client.read(1, [method]);
  client.destroy();
  return (await bed.log()).lines.at(-1) as LogLine;
}

test("all fields of the reference, in its order, with their values", async () => {
  const bed = await startBed({ answer: (request) => okResponse("12345", request) });
  const client = await bed.connect();
  const fields =
    "User-Agent: Test/1.0\r\nContent-Type: text/csv\r\nX-Request-ID: id-1\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2\r\n";
  await client.ask(post("/a%20path/x?q=1&r=%20", "hello", "A.test:8080", fields));
  const { lines } = await bed.log();
  const line = lines[0] as LogLine;
  expect(Object.keys(line)).toEqual(FIELDS);
  const { time, duration, client_port: clientPort, ...rest } = line;
  expect(rest).toEqual({
    level: "INFO",
    msg: "Request",
    host: "A.test:8080",
    port: bed.proxy.port,
    path: "/a path/x",
    request_id: "id-1",
    status: 200,
    service: "app",
    target: `127.0.0.1:${bed.app.port}`,
    method: "POST",
    req_content_length: 5,
    req_content_type: "text/csv",
    resp_content_length: 5,
    resp_content_type: "text/plain",
    client_addr: "127.0.0.1",
    remote_addr: "1.1.1.1, 2.2.2.2",
    user_agent: "Test/1.0",
    proto: "HTTP/1.1",
    scheme: "http",
    query: "q=1&r=%20",
  });
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d)$/);
  expect(Math.abs(Date.parse(String(time)) - Date.now())).toBeLessThan(5_000);
  expect(Number(duration)).toBeGreaterThan(1_000);
  expect(Number(duration)).toBeLessThan(5e9);
  expect(clientPort).toBe(String(client.socket.localPort));
});

test("what is absent is empty, what is unknown is -1", async () => {
  const bed = await startBed({
    answer: () => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  });
  const chunked = "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  expect(await lineOf(bed, chunked)).toMatchObject({
    req_content_length: -1,
    req_content_type: "",
    resp_content_length: 3,
    resp_content_type: "",
    user_agent: "",
    query: "",
    remote_addr: "127.0.0.1",
  });
});

test("the client's word about its address is not logged when it is not believed", async () => {
  const bed = await startBed({ route: { forwardHeaders: false } });
  const line = await lineOf(bed, get("/", "a.test", "X-Forwarded-For: 6.6.6.6\r\n"));
  expect(line["remote_addr"]).toBe("127.0.0.1");
});

test("HEAD counts no bytes, HTTP/1.0 is named", async () => {
  const bed = await startBed();
  const line = await lineOf(bed, "HEAD / HTTP/1.0\r\nHost: a.test\r\n\r\n", "HEAD");
  expect(line).toMatchObject({ method: "HEAD", proto: "HTTP/1.0", resp_content_length: 0, status: 200 });
});

test("answers of the proxy's own are logged with their type and length", async () => {
  const bed = await startBed();
  await bed.proxy.serve();
  const line = await lineOf(bed, get("/nothing", "nobody.test"));
  expect(line).toMatchObject({ status: 404, service: "", target: "", resp_content_type: "text/html; charset=utf-8" });
  expect(Number(line["resp_content_length"])).toBeGreaterThan(500);
});

test("no client can break a line or forge a field", async () => {
  const bed = await startBed();
  const nasty = '","status":999,"x":"\\u0022\\';
  const line = await lineOf(
    bed,
    get(`/p"q\\%22%0a%00%5c?a="b\\`, "a.test", `User-Agent: ${nasty}\t\xff\x80\r\nContent-Type: a"b\r\n`),
  );
  expect(line).toMatchObject({ status: 200, path: '/p"q\\"\n\0\\', query: 'a="b\\', req_content_type: 'a"b' });
  expect(line["user_agent"]).toContain(nasty);
  const { text } = await bed.log();
  expect(text.split("\n").length).toBe(2);
  expect(text).toMatch(/^[\x20-\x7e]*\n$/);
});

test("UTF-8 in a path is shown as what it is, broken escapes as they came", async () => {
  const bed = await startBed();
  expect((await lineOf(bed, get("/caf%C3%A9/%E2%82%AC")))["path"]).toBe("/café/€");
  expect((await lineOf(bed, get("/%zz/%C3")))["path"]).toBe("/%zz/%C3");
  expect((await lineOf(bed, get("/caf\xc3\xa9")))["path"]).toBe("/café");
});

test("no client can fill a disk with one field", async () => {
  const bed = await startBed();
  await lineOf(bed, get(`/${"p".repeat(9_000)}`, "a.test", `User-Agent: ${"u".repeat(30_000)}\r\n`));
  const { text } = await bed.log();
  expect(text.length).toBeLessThan(8_000);
});

test("named header fields are added at the end: requests first, lower case, `-` as `_`, repeated ones joined", async () => {
  const route = { logRequestHeaders: ["X-Tenant", "Accept-Language"], logResponseHeaders: ["X-Cache", "Missing"] };
  const bed = await startBed({ route, answer: (request) => okResponse("ok", request, "X-Cache: a\r\nX-Cache: b\r\n") });
  const line = await lineOf(bed, get("/", "a.test", "x-tenant: 1\r\nX-TENANT: 2\r\n"));
  expect(Object.entries(line).slice(FIELDS.length)).toEqual([
    ["req_x_tenant", "1,2"],
    ["req_accept_language", ""],
    ["resp_x_cache", "a,b"],
    ["resp_missing", ""],
  ]);
});

test("a named response field is there even when no target was asked", async () => {
  const bed = await startBed({ route: { logResponseHeaders: ["X-Cache"], gate: { state: "stopped", message: "" } } });
  const line = await lineOf(bed, get("/"));
  expect(Object.entries(line).slice(FIELDS.length)).toEqual([["resp_x_cache", ""]]);
});

test("what was no request is not logged, but counted", async () => {
  const bed = await startBed();
  const client = await bed.connect();
  client.send("GARBAGE\r\n\r\n");
  await client.read(1);
  await eventually("the connection ends", () => client.ended);
  expect((await bed.log()).lines).toEqual([]);
  expect((await bed.proxy.plane.counters()).rejectedTotal).toBe(1);
});

test("pipelined and retried requests have one line each, in their order", async () => {
  const bed = await startBed();
  const client = await bed.connect();
  client.send(get("/1") + get("/2") + get("/3"));
  await client.read(3);
  const { lines } = await bed.log();
  expect(lines.map(({ path }) => path)).toEqual(["/1", "/2", "/3"]);
});

test("without an access log requests are served all the same, and nothing is written for them", async () => {
  const bed = await startBed({ accessLog: false });
  const client = await bed.connect();
  expect((await client.ask(get("/"))).status).toBe(200);
  client.destroy();
  expect((await bed.log()).text).toBe("");
});
