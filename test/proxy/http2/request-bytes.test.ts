import * as fc from "fast-check";
import { expect, test } from "vitest";
import { writeForwardedRequest } from "../../../proxy/http1/forwarded-request.ts";
import { Output } from "../../../proxy/http1/output.ts";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import { readRequest } from "../../../proxy/http2/request-bytes.ts";
import { DEFAULT_LIMITS } from "../../../proxy/limits.ts";

const GET = [":method", "GET", ":scheme", "https", ":path", "/", ":authority", "a.test"];

function read(raw: readonly string[], bodyFollows = false): { status: number; text: string; head: RequestHead } {
  const head = new RequestHead(DEFAULT_LIMITS);
  const status = readRequest(head, raw, bodyFollows);
  return { status, text: status === 0 ? head.bytes.toString("latin1") : "", head };
}

/** The head as a target gets it. */
function forwarded(head: RequestHead): string {
  const output = new Output();
  writeForwardedRequest(output, head, {
    strippedLength: 0,
    fallbackHost: "",
    forwardHeaders: true,
    clientIpField: "",
    keepClientIpField: true,
    keepRequestId: true,
    keepRequestStart: true,
    ownFields: "",
    upgrade: "",
    bodyAtHand: false,
  });
  return output.bytes.toString("latin1", 0, output.used);
}

test("pseudo-fields become request line and Host, the rest follows in its order", () => {
  expect(read([...GET, "accept", "*/*", "x-a", "1", "x-a", "2"]).text).toBe(
    "GET / HTTP/1.1\r\nHost: a.test\r\naccept: */*\r\nx-a: 1\r\nx-a: 2\r\n\r\n",
  );
});

test("`host` alone is as good as `:authority`, in any case; where they differ nobody guesses [H2-15]", () => {
  const bare = GET.slice(0, 6);
  expect(read([...bare, "host", "a.test"]).head.host).toBe("a.test");
  expect(read([...GET, "host", "A.test"]).text).toBe("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  for (const host of ["b.test", "a.test:1", "", "a.test, b.test"])
    expect(read([...GET, "host", host]).status).toBe(400);
  expect(read([...GET, "host", "a.test", "host", "a.test"]).status).toBe(400);
  expect(read(bare).status).toBe(400);
});

test("cookie crumbs become one line [H2-17]", () => {
  expect(read([...GET, "cookie", "a=1", "x-b", "2", "cookie", "c=3; d=4", "cookie", ""]).text).toBe(
    "GET / HTTP/1.1\r\nHost: a.test\r\nx-b: 2\r\ncookie: a=1; c=3; d=4; \r\n\r\n",
  );
});

test("a body of unknown length is chunked, one of known length is not", () => {
  expect(read(GET, true).head).toMatchObject({ chunked: true, contentLength: -1 });
  expect(read([...GET, "content-length", "5"], true).head).toMatchObject({ chunked: false, contentLength: 5 });
  expect(read([...GET, "content-length", "0"]).status).toBe(0);
  expect(read([...GET, "content-length", "5"]).status).toBe(400);
  expect(read([...GET, "content-length", "5", "content-length", "5"], true).status).toBe(400);
  expect(read([...GET, "content-length", "+5"], true).status).toBe(400);
});

test("fields of a connection are refused [H2-11]", () => {
  for (const name of ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]) {
    for (const bodyFollows of [false, true]) {
      expect(read([...GET, name, "chunked"], bodyFollows).status, name).toBe(400);
      expect(read([...GET, name.toUpperCase(), "chunked"], bodyFollows).status, name).toBe(400);
    }
  }
  expect(read([...GET, "te", "trailers"]).head.acceptsTrailers).toBe(true);
});

test("missing, doubled, late or unknown pseudo-fields are refused [H2-16]", () => {
  for (const missing of [0, 2, 4]) expect(read(GET.toSpliced(missing, 2)).status).toBe(400);
  for (const name of [":method", ":scheme", ":path", ":authority"]) {
    expect(read([...GET, name, "x"]).status, name).toBe(400);
    expect(read(["x-a", "1", ...GET]).status).toBe(400);
  }
  expect(read([...GET, ":status", "200"]).status).toBe(400);
});

test("CONNECT, extended or not, is not offered [H2-19]", () => {
  expect(read([":method", "CONNECT", ":authority", "a.test:443"]).status).toBe(501);
  expect(read([":protocol", "websocket", ...GET]).status).toBe(501);
  expect(read([":method", "TRACE", ...GET.slice(2)]).status).toBe(501);
});

test("what is no method, path or authority is refused [H2-13]", () => {
  const request = (method: string, path: string, authority = "a.test"): number =>
    read([":method", method, ":scheme", "https", ":path", path, ":authority", authority]).status;
  for (const path of ["", "a", "http://b.test/", "/a b", "/a HTTP/1.1", "/a#b", "/\x7f", "*"]) {
    expect(request("GET", path), path).toBe(400);
  }
  for (const method of ["", "GET /x", "G\tT", "GET / HTTP/1.1\r\nX: y\r\n"])
    expect(request(method, "/"), method).toBe(400);
  for (const authority of ["", "u@a.test", "a.test/", "a test", "a.test:x", "a.test\r\nX: y", "a,b"]) {
    expect(request("GET", "/", authority), authority).toBe(400);
  }
  expect(request("OPTIONS", "*")).toBe(0);
  expect(request("GET", `/${"a".repeat(DEFAULT_LIMITS.maxTargetBytes)}`)).toBe(414);
});

test("too much is 431, each cookie counted as a part of one line", () => {
  const fields = (count: number, name: string): string[] => Array.from({ length: count }, () => [name, "1"]).flat();
  expect(read([...GET, ...fields(DEFAULT_LIMITS.maxRequestFields - 1, "x")]).status).toBe(0);
  expect(read([...GET, ...fields(DEFAULT_LIMITS.maxRequestFields, "x")]).status).toBe(431);
  expect(read([...GET, ...fields(300, "cookie")]).status).toBe(0);
  expect(read([...GET, "x", "y".repeat(DEFAULT_LIMITS.maxRequestHeadBytes)]).status).toBe(431);
});

test("a line, a colon or a request cannot be smuggled in as part of a name or a value [H2-12]", () => {
  for (const [name, value] of [
    ["x", "a\r\nEvil: 1"],
    ["x", "a\nEvil: 1"],
    ["x", "a\rEvil: 1"],
    ["x", "a\0b"],
    ["x", "\r\n\r\nGET /evil HTTP/1.1\r\nHost: a.test\r\n"],
    ["x\r\nEvil", "1"],
    ["x: 1\r\nEvil", "1"],
    ["evil: 1", "2"],
    ["content-length: 5", "x"],
    ["", "1"],
    ["x y", "1"],
    ["x", "\u010d\u010aEvil: 1"],
    ["cookie", "a\r\nEvil: 1"],
  ] as const) {
    expect(read([...GET, name, value]).status, JSON.stringify([name, value])).toBe(400);
  }
});

test("whatever comes: refused, or forwarded with exactly the lines that were given [H2-12]", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.constantFrom(
      "\r\n",
      "a\r\nEvil: 1",
      " HTTP/1.1\r\nX: y",
      "\u010d\u010a",
      ":",
      "chunked",
      "5",
      "a.test",
      "/",
      "GET",
    ),
    fc.string({ maxLength: 12 }),
  );
  const name = fc.oneof(
    fc.constantFrom(
      "x-a",
      "host",
      "cookie",
      "content-length",
      "transfer-encoding",
      "te",
      ":path",
      ":authority",
      ":method",
    ),
    hostile,
  );
  const mostlyPlain = fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: hostile });
  const pairs = fc.array(fc.tuple(name, hostile), { maxLength: 6 });
  let passed = 0;
  fc.assert(
    fc.property(pairs, mostlyPlain, mostlyPlain, fc.boolean(), (fields, path, method, bodyFollows) => {
      const pseudo = [":method", method ?? "GET", ":scheme", "https", ":path", path ?? "/", ":authority", "a.test"];
      const { status, head } = read([...pseudo, ...fields.flat()], bodyFollows);
      if (status !== 0) return;
      passed++;
      const wire = forwarded(head);
      expect(wire.endsWith("\r\n\r\n")).toBe(true);
      const [line, host, ...rest] = wire.slice(0, -4).split("\r\n");
      // Node hands over one character for each byte; here there may be more to one.
      const bytes = Buffer.from(`${method ?? "GET"} ${path ?? "/"} HTTP/1.1`, "latin1").toString("latin1");
      expect([line, host]).toEqual([bytes, "Host: a.test"]);
      expect(wire.replaceAll("\r\n", "")).not.toMatch(/[\r\n\0]/);
      const given = new Set(fields.map(([given]) => Buffer.from(given, "latin1").toString("latin1").toLowerCase()));
      for (const field of rest) {
        const name = field.slice(0, field.indexOf(":")).toLowerCase();
        expect(["transfer-encoding", "content-length"].includes(name) || given.has(name), field).toBe(true);
      }
    }),
    { numRuns: 3_000 },
  );
  expect(passed).toBeGreaterThan(50);
});
