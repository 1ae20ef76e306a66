/** Read targets: who gets reads, who gets writes, and how a client sees its own writes. */
import { expect, test } from "vitest";
import type { ServiceRoute, TargetRoute } from "../../proxy/route/routing-table.ts";
import { type Bed, startBed, startTarget } from "../support/bed.ts";
import { pause } from "../support/eventually.ts";
import { type ResponseMessage, valueOf, valuesOf } from "../support/http-messages.ts";
import { get, post, type RawClient } from "../support/raw-client.ts";
import { okResponse, type RecordingUpstream } from "../support/recording-upstream.ts";
import { service, target } from "../support/running-proxy.ts";
import { unusedPort } from "../support/unused-port.ts";
import { accepted, handshake } from "../support/websocket-handshake.ts";

const COOKIE = /^kamal-writer=(\d+); Path=\/; Expires=([^;]+ GMT); HttpOnly$/;

type Split = { readonly bed: Bed; readonly reader: RecordingUpstream; readonly client: RawClient };

/** A writer called `app` and a reader called `reader`. */
async function split(changes: Partial<ServiceRoute> = {}, writer: Partial<TargetRoute> = {}): Promise<Split> {
  const bed = await startBed();
  const reader = await startTarget("reader");
  await bed.proxy.serve({
    ...service("app", [], changes),
    targets: [
      { ...target("w", bed.app.port), ...writer },
      { ...target("r", reader.port), role: "reader" },
    ],
  });
  return { bed, reader, client: await bed.connect() };
}

const ask = (client: RawClient, method: string, fields = ""): Promise<ResponseMessage> =>
  client.ask(`${method} / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n${fields}\r\n`, method);
const servedBy = (response: ResponseMessage): string => response.body.split(" ")[0] ?? "";
const cookies = (response: ResponseMessage): string[] => valuesOf(response, "set-cookie");

test("GET and HEAD go to the reader, everything else to the writer, again and again [A68]", async () => {
  const { bed, reader, client } = await split();
  for (let turn = 0; turn < 3; turn++) {
    for (const method of ["GET", "HEAD", "DELETE", "PATCH", "POST", "PUT", "OPTIONS"]) await ask(client, method);
  }
  expect(new Set(reader.requests.map(({ method }) => method))).toEqual(new Set(["GET", "HEAD"]));
  expect(reader.requests.length).toBe(6);
  expect(bed.app.requests.length).toBe(15);
});

test("without readers the writer takes GET and HEAD, and sets no cookie [A69 A74]", async () => {
  const { app, connect } = await startBed();
  const client = await connect();
  for (const method of ["GET", "HEAD", "PUT"]) expect(cookies(await ask(client, method))).toEqual([]);
  expect(app.requests.map(({ method }) => method)).toEqual(["GET", "HEAD", "PUT"]);
});

test("targets take turns within their group, in the order of deployment [A63 A64 A67]", async () => {
  const bed = await startBed();
  const names = ["second", "reader1", "reader2"];
  const [second, first, other] = await Promise.all(names.map((name) => startTarget(name)));
  await bed.proxy.serve({
    ...service("app", [bed.app.port, second?.port ?? 0]),
    targets: [
      target("w1", bed.app.port),
      target("w2", second?.port ?? 0),
      { ...target("r1", first?.port ?? 0), role: "reader" },
      { ...target("r2", other?.port ?? 0), role: "reader" },
    ],
  });
  const client = await bed.connect();
  const order: string[] = [];
  for (let turn = 0; turn < 4; turn++) {
    order.push(servedBy(await ask(client, "GET")), servedBy(await ask(client, "POST")));
  }
  expect(order).toEqual(["reader2", "second", "reader1", "app", "reader2", "second", "reader1", "app"]);
});

test("a WebSocket goes to the writer [A70]", async () => {
  const { bed, reader, client } = await split();
  bed.app.answer = accepted;
  expect((await client.send(handshake()).read(1))[0]?.status).toBe(101);
  expect([bed.app.requests.length, reader.requests.length]).toEqual([1, 0]);
});

test("a WebSocket goes to the reader when readers take them [A71]", async () => {
  const { bed, reader, client } = await split({ readTargetsAcceptWebsockets: true });
  reader.answer = accepted;
  expect((await client.send(handshake()).read(1))[0]?.status).toBe(101);
  expect([bed.app.requests.length, reader.requests.length]).toEqual([0, 1]);
});

test("an upgrade gets no cookie, and the opt-out passes", async () => {
  const { bed, client } = await split();
  bed.app.answer = (request) => accepted(request).replace("\r\n\r\n", "\r\nX-Writer-Affinity: false\r\n\r\n");
  const [response] = await client.send(handshake()).read(1);
  expect(cookies(response as ResponseMessage)).toEqual([]);
  expect(valueOf(response as ResponseMessage, "x-writer-affinity")).toBe("false");
});

test("a write sets the cookie; a read with it goes to the writer and sets none [A73]", async () => {
  const { client } = await split();
  expect(cookies(await ask(client, "GET"))).toEqual([]);
  const before = Date.now();
  const [cookie = "", ...more] = cookies(await ask(client, "PUT"));
  expect(more).toEqual([]);
  const [, until, expires] = COOKIE.exec(cookie) ?? [];
  expect(Number(until)).toBeGreaterThanOrEqual(before + 1_000);
  expect(Number(until)).toBeLessThanOrEqual(Date.now() + 1_000);
  expect(Date.parse(expires ?? "")).toBe(Math.floor((Number(until) + 1_000) / 1_000) * 1_000);
  const read = await ask(client, "GET", `Cookie: a=b; ${cookie.split(";", 1)[0]}\r\n`);
  expect([servedBy(read), cookies(read)]).toEqual(["app", []]);
  expect(servedBy(await ask(client, "GET", `Cookie: a=b\r\nCookie: kamal-writer=${until}\r\n`))).toBe("app");
});

test("the cookie lapses", async () => {
  const { client } = await split({ writerAffinityTimeoutMs: 60 });
  const [cookie = ""] = cookies(await ask(client, "PUT"));
  const fields = `Cookie: ${cookie.split(";", 1)[0]}\r\n`;
  await pause(80);
  expect(servedBy(await ask(client, "GET", fields))).toBe("reader");
});

test("affinity of less than a second still expires in the future [A72]", async () => {
  const { client } = await split({ writerAffinityTimeoutMs: 200 });
  const before = Date.now();
  const [cookie = ""] = cookies(await ask(client, "POST"));
  expect(Date.parse(COOKIE.exec(cookie)?.[2] ?? "")).toBeGreaterThan(before);
});

test("affinity of 0 sets no cookie and believes none [A75]", async () => {
  const { client } = await split({ writerAffinityTimeoutMs: 0 });
  expect(cookies(await ask(client, "PUT"))).toEqual([]);
  expect(servedBy(await ask(client, "GET", `Cookie: kamal-writer=${Date.now() + 500}\r\n`))).toBe("reader");
});

test("nobody pins himself to the writers with a cookie that the proxy would never set [W18]", async () => {
  const { client } = await split();
  for (const value of [Date.now() + 10 * 60_000, "9".repeat(16), "9".repeat(30), "1e99", "-1", "x", "", "Infinity"]) {
    expect(servedBy(await ask(client, "GET", `Cookie: kamal-writer=${value}\r\n`)), String(value)).toBe("reader");
  }
});

test("the application declines the cookie, and its word stays behind [A76]", async () => {
  const { bed, reader, client } = await split();
  for (const [said, expected] of [
    ["false", 0],
    ["true", 1],
    ["False", 1],
  ] as const) {
    bed.app.answer = (request) => okResponse("ok", request, `X-Writer-Affinity: ${said}\r\n`);
    const response = await ask(client, "PUT");
    expect(cookies(response).length, said).toBe(expected);
    expect(valueOf(response, "x-writer-affinity")).toBeUndefined();
  }
  reader.answer = (request) => okResponse("ok", request, "X-Writer-Affinity: false\r\n");
  expect(valueOf(await ask(client, "GET"), "x-writer-affinity")).toBe("false");
});

test("early hints before the answer do not double the cookie", async () => {
  const { bed, client } = await split();
  bed.app.answer = (request) => `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${okResponse("ok", request)}`;
  const response = await client.ask(post("/", "x"));
  expect(response.informational[0]?.fields).toEqual([["Link", "</a>"]]);
  expect(cookies(response).length).toBe(1);
});

test("the application's own cookies stay as they are, a page of the proxy has none", async () => {
  const { bed, client } = await split();
  bed.app.answer = (request) => okResponse("ok", request, "Set-Cookie: a=1\r\nset-cookie: b=2\r\n");
  expect(cookies(await ask(client, "POST")).slice(0, 2)).toEqual(["a=1", "b=2"]);
  bed.app.answer = (_, { socket }) => {
    socket.destroy();
    return null;
  };
  const page = await client.ask(post("/", "x"));
  expect([page.status, cookies(page)]).toEqual([502, []]);
});

test("the target is named to the target [A77]", async () => {
  const { bed, reader, client } = await split();
  await ask(client, "GET");
  await ask(client, "POST");
  const named = ({ requests }: RecordingUpstream) => requests.map((request) => valueOf(request, "x-kamal-target"));
  expect(named(reader)).toEqual([`127.0.0.1:${reader.port}`]);
  expect(named(bed.app)).toEqual([`127.0.0.1:${bed.app.port}`]);
});

test.each([
  [false, "", "[A78]"],
  [true, "existing, ", "[A79]"],
])("a client's X-Kamal-Target with forward-headers %s %s %s", async (forwardHeaders, before) => {
  const { app, connect } = await startBed({ route: { forwardHeaders } });
  await (await connect()).ask(get("/", "a.test", "X-Kamal-Target: existing\r\n"));
  expect(valuesOf(app.requests[0] ?? { fields: [] }, "x-kamal-target")).toEqual([`${before}127.0.0.1:${app.port}`]);
});

test("without a healthy reader reads go to the writer, and writes still set the cookie", async () => {
  const { bed, reader, client } = await split();
  await bed.proxy.serve({
    ...service("app", []),
    targets: [target("w", bed.app.port), { ...target("r", reader.port), role: "reader", inRotation: false }],
  });
  expect(servedBy(await ask(client, "GET"))).toBe("app");
  expect(cookies(await ask(client, "POST")).length).toBe(1);
});

test("without a healthy writer writes are a 503, reads go on", async () => {
  const { client } = await split({}, { inRotation: false });
  expect((await ask(client, "POST")).status).toBe(503);
  const again = await split({}, { inRotation: false });
  expect(servedBy(await ask(again.client, "GET"))).toBe("reader");
});

test("a write whose writer cannot be reached never goes to a reader; a read finds another target", async () => {
  const bed = await startBed();
  const reader = await startTarget("reader");
  const dead = await unusedPort();
  const readers = [
    { ...target("r", reader.port), role: "reader" as const },
    { ...target("dead-r", dead), role: "reader" as const },
  ];
  await bed.proxy.serve({ ...service("app", []), targets: [target("dead-w", dead), ...readers] });
  const client = await bed.connect();
  expect((await ask(client, "POST")).status).toBe(502);
  for (let turn = 0; turn < 4; turn++) expect(servedBy(await ask(await bed.connect(), "GET"))).toBe("reader");
  await bed.proxy.serve({ ...service("app", []), targets: [target("w", bed.app.port), ...readers.slice(1)] });
  expect(servedBy(await ask(await bed.connect(), "GET"))).toBe("app");
});
