/** The access log: the reference's line, the fields an operator asks for, and nothing that a client could smuggle in. */
import { expect, test } from "vitest";
import { LOG_LIMITS } from "../../proxy/limits.ts";
import { SECRET_FIELDS } from "../../proxy/request/logged-field.ts";
import { startBed } from "../support/bed.ts";
import { eventually } from "../support/eventually.ts";
import { get, post } from "../support/raw-client.ts";
import { okResponse } from "../support/recording-upstream.ts";

const created = () =>
  "HTTP/1.1 201 Created\r\nContent-Type: text/html\r\nCache-Control: public, max-age=3600\r\nX-Custom: goodbye\r\nContent-Length: 8\r\n\r\ngoodbye!";

test("a line has the reference's fields, in its order [A80]", async () => {
  const bed = await startBed({ answer: created, localPort: 80 });
  const client = await bed.connect();
  const fields =
    "X-Request-ID: request-id\r\nX-Forwarded-For: 192.0.2.60\r\nUser-Agent: Robot/1\r\nContent-Type: application/json\r\n";
  await client.ask(post("/somepath?q=ok", "hello", "app.example.com", fields));
  const { text, lines } = await bed.log();
  expect(lines).toEqual([
    {
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d)$/),
      level: "INFO",
      msg: "Request",
      host: "app.example.com",
      port: 80,
      path: "/somepath",
      request_id: "request-id",
      status: 201,
      service: "app",
      target: `127.0.0.1:${bed.app.port}`,
      duration: expect.any(Number),
      method: "POST",
      req_content_length: 5,
      req_content_type: "application/json",
      resp_content_length: 8,
      resp_content_type: "text/html",
      client_addr: "127.0.0.1",
      client_port: String(client.socket.localPort),
      remote_addr: "192.0.2.60",
      user_agent: "Robot/1",
      proto: "HTTP/1.1",
      scheme: "http",
      query: "q=ok",
    },
  ]);
  expect(Object.keys(JSON.parse(text) as object).join(" ")).toBe(
    "time level msg host port path request_id status service target duration method req_content_length req_content_type resp_content_length resp_content_type client_addr client_port remote_addr user_agent proto scheme query",
  );
});

test("configured fields follow, under canonical keys, empty when absent, repeated ones joined [A81]", async () => {
  const bed = await startBed({
    answer: created,
    route: { logRequestHeaders: ["X-Custom", "x-absent"], logResponseHeaders: ["cache-control", "X-CUSTOM"] },
  });
  const client = await bed.connect();
  await client.ask(get("/", "a.test", "x-cUsToM: hello\r\nX-Custom: again\r\n"));
  const { text, lines } = await bed.log();
  expect(lines).toMatchObject([
    {
      req_x_custom: "hello,again",
      req_x_absent: "",
      resp_cache_control: "public, max-age=3600",
      resp_x_custom: "goodbye",
    },
  ]);
  expect(Object.keys(JSON.parse(text) as object).slice(-4)).toEqual([
    "req_x_custom",
    "req_x_absent",
    "resp_cache_control",
    "resp_x_custom",
  ]);
});

test("configured fields are there, empty, when the proxy answers by itself", async () => {
  const bed = await startBed({
    route: { logResponseHeaders: ["X-Custom"], gate: { state: "stopped", message: "" } },
  });
  const client = await bed.connect();
  await client.ask(get("/"));
  expect((await bed.log()).lines).toMatchObject([{ status: 503, resp_x_custom: "" }]);
});

test("with a client IP header its address is logged, whatever X-Forwarded-For says [A82]", async () => {
  const bed = await startBed({ route: { clientIpHeader: "CF-Connecting-IP" } });
  const client = await bed.connect();
  await client.ask(get("/", "a.test", "X-Forwarded-For: 192.0.2.1\r\nCF-Connecting-IP: 198.51.100.7\r\n"));
  expect((await bed.log()).lines).toMatchObject([{ remote_addr: "198.51.100.7", client_addr: "127.0.0.1" }]);
});

test("credentials are not logged, even when their fields are asked for [LG-04]", async () => {
  const secret = "s3cr3t-s3cr3t";
  const request = ["Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key", "x-auth-token", "X-Absent-Token"];
  const bed = await startBed({
    answer: (message) => okResponse("x", message, `Set-Cookie: a=${secret}\r\nX-Access-Token: ${secret}\r\n`),
    route: { logRequestHeaders: request, logResponseHeaders: ["set-cookie", "X-Access-Token", "Content-Type"] },
  });
  const client = await bed.connect();
  await client.ask(
    get(
      "/",
      "a.test",
      request
        .slice(0, 5)
        .map((name) => `${name}: Basic ${secret}\r\n`)
        .join(""),
    ),
  );
  const { text, lines } = await bed.log();
  expect(text).not.toContain(secret);
  expect(lines).toMatchObject([
    {
      req_authorization: "[redacted]",
      req_cookie: "[redacted]",
      req_proxy_authorization: "[redacted]",
      req_x_api_key: "[redacted]",
      req_x_auth_token: "[redacted]",
      req_x_absent_token: "",
      resp_set_cookie: "[redacted]",
      resp_x_access_token: "[redacted]",
    },
  ]);
  // And the target got them as they came.
  expect(bed.app.requests[0]?.head).toContain(`Basic ${secret}`);
  for (const name of SECRET_FIELDS) expect(name).toBe(name.toLowerCase());
});

test("a user name in the request target never gets as far as the log [LG-04]", async () => {
  const bed = await startBed();
  const client = await bed.connect();
  const response = await client.ask("GET http://me:s3cr3t@a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n");
  expect(response.status).toBe(400);
  expect((await bed.log()).text).not.toContain("s3cr3t");
});

test("no key stands twice in a line, whatever fields are asked for", async () => {
  const bed = await startBed({
    answer: (message) => okResponse("12345678", message),
    route: {
      logRequestHeaders: ["Content-Length", "content-type", "X-A", "x-a", "x_a"],
      logResponseHeaders: ["content-length", "Content-Type", "X-A"],
    },
  });
  const client = await bed.connect();
  client.send("HEAD / HTTP/1.1\r\nHost: a.test\r\nContent-Type: text/x\r\nX-A: 1\r\n\r\n");
  await client.read(1, ["HEAD"]);
  const { text, lines } = await bed.log();
  const keys = Array.from(text.matchAll(/[{,]"([a-z_]+)":/g), ([, key]) => key);
  expect(new Set(keys).size).toBe(keys.length);
  // Bytes that went out, and what the field said.
  expect(lines).toMatchObject([
    {
      resp_content_length: 0,
      resp_content_length_header: "8",
      resp_content_type_header: "text/plain",
      req_content_type_header: "text/x",
      req_x_a: "1",
    },
  ]);
});

/** Every byte that a field value may have, and escapes of those that it may not. */
const NASTY = Buffer.from([
  ...Array.from({ length: 95 }, (_, index) => index + 32),
  ...Array.from({ length: 128 }, (_, index) => index + 128),
]).toString("latin1");

test("whatever clients and targets send, a line is one line of visible ASCII [LG-03]", async () => {
  const nasty = '\u0085\u009b31m\u00e2\u0080\u00ae\u00ff"\\\t';
  const bed = await startBed({
    answer: (message) => okResponse("x", message, `X-Evil: ${nasty}\r\nContent-Language: ${NASTY}\r\n`),
    route: { logRequestHeaders: ["x-evil"], logResponseHeaders: ["x-evil", "content-language"] },
  });
  const client = await bed.connect();
  await client.ask(
    get(
      "/%0d%0a%1b[31m%22,%22status%22:1?a=%0d%0a&b=\u00e9",
      "a.test",
      `User-Agent: ${NASTY}\r\nContent-Type: ${nasty}\r\nX-Evil: ${nasty}\r\nX-Forwarded-For: ${nasty}\r\n`,
    ),
  );
  const { text, lines } = await bed.log();
  expect(text).toMatch(/^[\x20-\x7e]+\n$/);
  expect(lines[0]).toMatchObject({ path: '/\r\n\u001b[31m","status":1', status: 200 });
});

test.each([
  ["plain text", "x"],
  ["invalid UTF-8", "\xff"],
  ["quotes", '"'],
])("a line has at most 8 KB, however much of %s a client sends [LG-03]", async (_, character) => {
  const long = character.repeat(6_000);
  const bed = await startBed({
    answer: (message) => okResponse("x", message, `X-Long: ${long}\r\n`),
    route: { logRequestHeaders: ["x-long", "x-short"], logResponseHeaders: ["x-long"] },
  });
  const client = await bed.connect();
  const fields = ["User-Agent", "Content-Type", "X-Forwarded-For", "X-Long", "X-Request-ID"];
  const path = character === '"' ? "%22".repeat(2_000) : character === "x" ? long : "%ff".repeat(2_000);
  const response = await client.ask(
    get(`/${path}?${path}`, "a.test", `${fields.map((name) => `${name}: ${long}\r\n`).join("")}X-Short: kept\r\n`),
  );
  expect(response.status).toBe(200);
  const { text, lines } = await bed.log();
  expect(text.length).toBeLessThanOrEqual(LOG_LIMITS.maxLineBytes);
  expect(text.split("\n")).toHaveLength(2);
  expect(lines[0]).toMatchObject({ status: 200, service: "app", req_x_short: "kept", truncated: true });
});

test("event lines are bounded too: a path of 10 KB, a control character, a flood [LG-05]", async () => {
  const bed = await startBed({
    answer: (_, connection) => {
      connection.socket.destroy();
      return null;
    },
  });
  const client = await bed.connect();
  expect((await client.ask(post(`/${"\x9b".repeat(10_000)}`, "x"))).status).toBe(502);
  const [line = ""] = bed.proxy.events.filter((text) => text.includes("Error while proxying"));
  expect(Buffer.byteLength(line)).toBeLessThanOrEqual(LOG_LIMITS.maxLineBytes);
  expect(line).toMatch(/^[^\u0000-\u001f\u007f-\u009f]+\n$/);
  for (let index = 0; index < 60; index++) await client.ask(post(`/${index}`, "x"));
  await eventually("the rest is told as a number", () =>
    bed.proxy.events.some((text) => text.includes('"suppressed":')),
  );
  expect(bed.proxy.events.filter((text) => text.includes("Error while proxying")).length).toBeLessThan(30);
  expect((await bed.log()).lines, "requests are never left out").toHaveLength(61);
});
