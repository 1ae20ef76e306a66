import { expect, test } from "vitest";
import { ResponseHead } from "../../../proxy/http1/response-head.ts";
import { responseBytes } from "../../../proxy/http2/response-bytes.ts";
import { DEFAULT_LIMITS } from "../../../proxy/limits.ts";

function textOf(raw: readonly string[], facts: { method?: string; endsStream?: boolean } = {}): string | undefined {
  return responseBytes(raw, { method: "GET", endsStream: false, ...facts })?.toString("latin1");
}

test("the strict parser reads what is made", () => {
  const bytes = responseBytes([":status", "200", "content-length", "5", "x-a", "1", "x-a", "Caf\xe9"], {
    method: "GET",
    endsStream: false,
  }) as Buffer;
  const head = new ResponseHead(DEFAULT_LIMITS);
  expect(head.parse(bytes, 0, bytes.length)).toBe(bytes.length);
  expect([head.status, head.contentLength, head.valueOf("x-a")]).toEqual([200, 5, "1,Caf\xe9"]);
});

test("a response that ends with its head has no body; where that is clear anyway nothing is added", () => {
  const none = [":status", "200", "grpc-status", "5"];
  expect(textOf(none, { endsStream: true })).toBe("HTTP/1.1 200 OK\r\ngrpc-status: 5\r\ncontent-length: 0\r\n\r\n");
  expect(textOf(none)).toBe("HTTP/1.1 200 OK\r\ngrpc-status: 5\r\n\r\n");
  expect(textOf(none, { endsStream: true, method: "HEAD" })).not.toContain("content-length");
  expect(textOf([":status", "304"], { endsStream: true })).not.toContain("content-length");
  expect(textOf([":status", "103", "link", "</x>"])).toBe("HTTP/1.1 103 \r\nlink: </x>\r\n\r\n");
});

test("fields of a connection are dropped: they would mean something here", () => {
  const raw = [":status", "200", "transfer-encoding", "chunked", "connection", "x-a", "upgrade", "x", "x-a", "1"];
  expect(textOf(raw)).toBe("HTTP/1.1 200 OK\r\nx-a: 1\r\n\r\n");
});

test.each<[string, string[]]>([
  ["no status", ["x-a", "1"]],
  ["two", [":status", "200", ":status", "200"]],
  ["not a number", [":status", "2e2"]],
  ["a line break in a value", [":status", "200", "x-a", "1\r\nx-b: 2"]],
  ["a bare one in a name", [":status", "200", "x\na", "1"]],
  ["a colon in a name", [":status", "200", "x: y", "1"]],
  ["another pseudo-field", [":status", "200", ":path", "/"]],
])("no head: %s [H2-12]", (_, raw) => {
  expect(textOf(raw)).toBeUndefined();
});
