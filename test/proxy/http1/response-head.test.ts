/** The response head parser: splits make no difference, and what is not HTTP/1 is called so. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { INCOMPLETE } from "../../../proxy/http1/field-section.ts";
import { MALFORMED, ResponseHead } from "../../../proxy/http1/response-head.ts";
import { DEFAULT_LIMITS } from "../../../proxy/limits.ts";

function parse(text: string): { result: number; head: ResponseHead } {
  const head = new ResponseHead(DEFAULT_LIMITS);
  const bytes = Buffer.from(`....${text}`, "latin1");
  const result = head.parse(bytes, 4, bytes.length);
  return { result: result > 0 ? result - 4 : result, head };
}

const OK = "HTTP/1.1 200 OK\r\n";

test.each([
  ["HTTP/1.1 200 OK\r\n\r\n", 200, -1, true],
  ["HTTP/1.0 200 OK\r\n\r\n", 200, -1, false],
  ["HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n", 200, -1, true],
  [`${OK}Connection: close\r\n\r\n`, 200, -1, false],
  [`${OK}Content-Length: 5\r\n\r\n`, 200, 5, true],
  [`${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\n`, 200, 5, true],
  ["HTTP/1.1 204\r\n\r\n", 204, -1, true],
  ["HTTP/1.1 404 caf\xe9 \t!\r\n\r\n", 404, -1, true],
])("%j", (text, status, length, persistent) => {
  const { result, head } = parse(text);
  expect([result, head.status, head.contentLength, head.persistent]).toEqual([text.length, status, length, persistent]);
});

test.each([
  "SSH-2.0-OpenSSH\r\n",
  "HTTP/2.0 200 OK\r\n\r\n",
  "HTTP/1.2 200 OK\r\n\r\n",
  "HTTP/1.1200 OK\r\n\r\n",
  "HTTP/1.1  200 OK\r\n\r\n",
  "HTTP/1.1 20 OK\r\n\r\n",
  "HTTP/1.1 2000 OK\r\n\r\n",
  "HTTP/1.1 abc OK\r\n\r\n",
  "HTTP/1.1 099 OK\r\n\r\n",
  "http/1.1 200 OK\r\n\r\n",
  " HTTP/1.1 200 OK\r\n\r\n",
  "HTTP/1.1 200 OK\n\n\n\n\n",
  "HTTP/1.1 200 O\0K\r\n\r\n",
  "HTTP/1.1 200 OK\rX\r\n\r\n",
  `${OK}X : 1\r\n\r\n`,
  `${OK}X: 1\r\n 2\r\n\r\n`,
  `${OK}X: \0\r\n\r\n`,
  `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`,
  `${OK}Content-Length: 5, 5\r\n\r\n`,
  `${OK}Content-Length: -5\r\n\r\n`,
  `${OK}Content-Length: 18446744073709551621\r\n\r\n`,
  `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
  `${OK}Transfer-Encoding: gzip\r\n\r\n`,
  `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`,
  `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n`,
  "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
])("%j is malformed", (text) => {
  expect(parse(text).result).toBe(MALFORMED);
});

test("a proper head is incomplete up to its last byte, and never taken for malformed before", () => {
  const heads = fc
    .tuple(
      fc.constantFrom(100, 103, 200, 301, 404, 599),
      fc.constantFrom("OK", "", "It is \xe9"),
      fc.array(fc.constantFrom("X-A: 1", "Content-Length: 5", "Set-Cookie: a=b; c", "Connection: close", "Date: now"), {
        maxLength: 5,
      }),
    )
    .map(
      ([status, reason, lines]) => `HTTP/1.1 ${status} ${reason}\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`,
    );
  fc.assert(
    fc.property(heads, (text) => {
      for (let end = 0; end < text.length; end++) expect(parse(text.slice(0, end)).result).toBe(INCOMPLETE);
      expect(parse(`${text}body`).result).toBe(text.length);
    }),
    { numRuns: 100 },
  );
});

test("the values of a field by name, and the target's keep-alive time", () => {
  const { head } = parse(`${OK}Set-Cookie: a\r\nset-cookie: b\r\nKeep-Alive: max=5, timeout=12\r\n\r\n`);
  expect([head.valueOf("set-cookie"), head.valueOf("missing"), head.keepAliveSeconds]).toEqual(["a,b", undefined, 12]);
});
