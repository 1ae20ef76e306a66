import { expect, test } from "vitest";
import { forwardedHttp2Fields } from "../../../proxy/http2/forwarded-fields.ts";

function fieldsOf(text: string, before = ""): string[] {
  const bytes = Buffer.from(before + text, "latin1");
  return forwardedHttp2Fields(bytes, before.length, bytes.length);
}

test("the request line and Host become pseudo-fields; names are folded, values stay byte for byte", () => {
  expect(fieldsOf("GET /a%20b?q=1 HTTP/1.1\r\nX-Mixed: Caf\xe9 \r\nHost: a.test:81\r\nX-Empty:\r\n\r\n")).toEqual([
    ":method",
    "GET",
    ":scheme",
    "http",
    ":authority",
    "a.test:81",
    ":path",
    "/a%20b?q=1",
    "x-mixed",
    "Caf\xe9",
    "x-empty",
    "",
  ]);
});

test("what belongs to an HTTP/1.1 connection is left out; TE only says trailers [H2-11]", () => {
  const lines =
    "Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\nKeep-Alive: 1\r\n" +
    "Proxy-Connection: x\r\nHTTP2-Settings: x\r\nTE: gzip\r\nTE: trailers\r\nContent-Length: 3\r\nA: 1\r\nA: 2\r\n";
  expect(fieldsOf(`POST / HTTP/1.1\r\n${lines}\r\n`).slice(8)).toEqual([
    "te",
    "trailers",
    "content-length",
    "3",
    "a",
    "1",
    "a",
    "2",
  ]);
});

test("what stands before it in the buffer is nobody's business, and no fields are none", () => {
  expect(fieldsOf("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n")).toHaveLength(8);
});
