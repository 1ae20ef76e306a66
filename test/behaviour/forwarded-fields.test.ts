/** What a target is told about the client: X-Forwarded-*, X-Request-ID, X-Request-Start, X-Kamal-Target. */
import { expect, test } from "vitest";
import { type Bed, startBed } from "../support/bed.ts";
import { valuesOf } from "../support/http-messages.ts";
import { get } from "../support/raw-client.ts";
import type { RecordedRequest } from "../support/recording-upstream.ts";

/** What the target saw of a GET with these extra fields. */
async function seen(fields: string, forwardHeaders = true): Promise<{ request: RecordedRequest; bed: Bed }> {
  const bed = await startBed({ route: { forwardHeaders } });
  const client = await bed.connect();
  expect((await client.ask(get("/x?y=z", "a.test:8080", fields))).status).toBe(200);
  return { request: bed.app.requests[0] as RecordedRequest, bed };
}

const CLAIMED =
  "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.test\r\nX-Kamal-Target: edge:80\r\n";

test("a plain request: address, scheme and host as they are", async () => {
  const { request, bed } = await seen("");
  expect(valuesOf(request, "x-forwarded-for")).toEqual(["127.0.0.1"]);
  expect(valuesOf(request, "x-forwarded-proto")).toEqual(["http"]);
  expect(valuesOf(request, "x-forwarded-host")).toEqual(["a.test:8080"]);
  expect(valuesOf(request, "x-kamal-target")).toEqual([`127.0.0.1:${bed.app.port}`]);
  expect(valuesOf(request, "host")).toEqual(["a.test:8080"]);
});

test("with forward-headers the client's words are believed and lists extended", async () => {
  const { request, bed } = await seen(CLAIMED, true);
  expect(valuesOf(request, "x-forwarded-for")).toEqual(["1.1.1.1, 2.2.2.2, 127.0.0.1"]);
  expect(valuesOf(request, "x-forwarded-proto")).toEqual(["https"]);
  expect(valuesOf(request, "x-forwarded-host")).toEqual(["shop.test"]);
  expect(valuesOf(request, "x-kamal-target")).toEqual([`edge:80, 127.0.0.1:${bed.app.port}`]);
});

test("without forward-headers they are replaced [FW-01]", async () => {
  const { request, bed } = await seen(CLAIMED, false);
  expect(valuesOf(request, "x-forwarded-for")).toEqual(["127.0.0.1"]);
  expect(valuesOf(request, "x-forwarded-proto")).toEqual(["http"]);
  expect(valuesOf(request, "x-forwarded-host")).toEqual(["a.test:8080"]);
  expect(valuesOf(request, "x-kamal-target")).toEqual([`127.0.0.1:${bed.app.port}`]);
});

test("empty values count as none", async () => {
  const empty = "X-Forwarded-For:\r\nX-Forwarded-Proto: \r\nX-Forwarded-Host:\r\nX-Request-ID:\r\nX-Request-Start:\r\n";
  const { request } = await seen(empty, true);
  expect(valuesOf(request, "x-forwarded-for")).toEqual(["127.0.0.1"]);
  expect(valuesOf(request, "x-forwarded-proto")).toEqual(["http"]);
  expect(valuesOf(request, "x-forwarded-host")).toEqual(["a.test:8080"]);
  expect(valuesOf(request, "x-request-id")[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(valuesOf(request, "x-request-start")[0]).toMatch(/^t=\d{13}$/);
});

const KIN = ["Port: 8443", "Server: edge", "Prefix: /p", "Ssl: on"].map((kin) => `X-Forwarded-${kin}\r\n`).join("");

test.each([
  [true, ["8443", "edge", "/p", "on", "6.6.6.6"]],
  [false, []],
])("X-Forwarded-Port and its kin pass only if believed: %s [FW-01]", async (forwardHeaders, wanted) => {
  const { request } = await seen(`${KIN}X-Real-IP: 6.6.6.6\r\nForwarded: for=6.6.6.6;proto=https\r\n`, forwardHeaders);
  const names = ["x-forwarded-port", "x-forwarded-server", "x-forwarded-prefix", "x-forwarded-ssl", "x-real-ip"];
  expect(names.flatMap((name) => valuesOf(request, name))).toEqual(wanted);
  expect(valuesOf(request, "forwarded")).toEqual([]);
});

test.each([true, false])("aliases with _ or . never pass (forward-headers %s) [FW-03]", async (forwardHeaders) => {
  const aliases =
    "X_Forwarded_For: 6.6.6.6\r\nX.Real.IP: 6.6.6.6\r\nx-forwarded_proto: 6.6.6.6\r\nX_Kamal_Target: 6.6.6.6\r\nX_Request_ID: 6.6.6.6\r\n";
  const { request } = await seen(aliases, forwardHeaders);
  expect(request.head).not.toContain("6.6.6.6");
});

test("names of the application's own with _ or . do pass", async () => {
  const { request } = await seen("X_Tenant: 1\r\nx.tenant: 2\r\n");
  expect(request.head).toContain("\r\nX_Tenant: 1\r\nx.tenant: 2\r\n");
});

test("`Connection` may name these fields: the client's go, the proxy's stay [FW-02]", async () => {
  const nominated = "Connection: x-forwarded-for, X-Forwarded-Proto, X-Kamal-Target, X-REAL-IP, x-request-id\r\n";
  const { request, bed } = await seen(`${CLAIMED}X-Real-IP: 6.6.6.6\r\nX-Request-ID: mine\r\n${nominated}`, true);
  expect(valuesOf(request, "x-forwarded-for")).toEqual(["127.0.0.1"]);
  expect(valuesOf(request, "x-forwarded-proto")).toEqual(["http"]);
  expect(valuesOf(request, "x-kamal-target")).toEqual([`127.0.0.1:${bed.app.port}`]);
  expect(valuesOf(request, "x-real-ip")).toEqual([]);
  expect(valuesOf(request, "x-request-id")[0]).toMatch(/^[0-9a-f-]{36}$/);
});

test("the client's request id is kept and logged", async () => {
  const { request, bed } = await seen("X-Request-Id: abc/123~\r\n");
  expect(valuesOf(request, "x-request-id")).toEqual(["abc/123~"]);
  expect((await bed.log()).lines[0]?.["request_id"]).toBe("abc/123~");
});

test.each(["two words", "caf\xe9", "x".repeat(129)])(
  "a request id that is none (%j) is replaced [W16 FW-07]",
  async (id) => {
    const { request, bed } = await seen(`X-Request-ID: ${id}\r\n`);
    const [made] = valuesOf(request, "x-request-id");
    expect(made).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(valuesOf(request, "x-request-id").length).toBe(1);
    expect((await bed.log()).lines[0]?.["request_id"]).toBe(made);
  },
);

test("two request ids are none", async () => {
  const { request } = await seen("X-Request-ID: one\r\nX-Request-ID: two\r\n");
  expect(valuesOf(request, "x-request-id").length).toBe(1);
  expect(valuesOf(request, "x-request-id")[0]).toMatch(/^[0-9a-f-]{36}$/);
});

test("X-Request-Start is kept if the client sent one, else the time in milliseconds", async () => {
  expect(valuesOf((await seen("X-Request-Start: t=1\r\n")).request, "x-request-start")).toEqual(["t=1"]);
  const [made] = valuesOf((await seen("")).request, "x-request-start");
  expect(Math.abs(Number(made?.slice(2)) - Date.now())).toBeLessThan(5_000);
});

test("every request of a connection gets its own id, and neither id nor start is echoed", async () => {
  const bed = await startBed();
  const client = await bed.connect();
  for (let turn = 0; turn < 3; turn++) {
    const response = await client.ask(get("/"));
    expect(response.head).not.toMatch(/x-request|x-kamal|x-forwarded/i);
  }
  expect(new Set(bed.app.requests.map((request) => valuesOf(request, "x-request-id")[0])).size).toBe(3);
});
