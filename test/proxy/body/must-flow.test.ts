/** Which responses are held and which must flow: told by their heads alone. */
import { expect, test } from "vitest";
import { mustFlow } from "../../../proxy/body/response-buffer.ts";
import { ResponseHead } from "../../../proxy/http1/response-head.ts";
import { DEFAULT_LIMITS } from "../../../proxy/limits.ts";

function headOf(fields: string, status = 200): ResponseHead {
  const head = new ResponseHead(DEFAULT_LIMITS);
  const bytes = Buffer.from(`HTTP/1.1 ${status} X\r\n${fields}\r\n`, "latin1");
  expect(head.parse(bytes, 0, bytes.length)).toBe(bytes.length);
  return head;
}

test.each([
  ["an event stream flows [A106]", "Content-Type: text/event-stream\r\n", true],
  [
    "an event stream that claims a length flows [A106]",
    "Content-Type: text/event-stream\r\nContent-Length: 9\r\n",
    true,
  ],
  ["an event stream with a charset flows [A107]", "Content-Type: Text/Event-Stream; charset=utf-8\r\n", true],
  ["what is chunked flows [A108]", "Transfer-Encoding: chunked\r\n", true],
  ["chunked JSON flows [A109]", "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n", true],
  ["plain text with a length is held [A110]", "Content-Type: text/plain\r\nContent-Length: 9\r\n", false],
  ["a length and nothing else is held", "Content-Length: 9\r\n", false],
  [
    "a type that only begins like an event stream's is held",
    "Content-Type: text/event-streams\r\nContent-Length: 9\r\n",
    false,
  ],
  ["an empty body is not worth holding", "Content-Length: 0\r\n", true],
  ["what ends with its connection flows: nobody knows when that is", "Content-Type: text/plain\r\n", true],
])("%s", (_, fields, flows) => {
  expect(mustFlow("GET", headOf(fields))).toBe(flows);
});

test("answers without a body have nothing to hold", () => {
  expect(mustFlow("HEAD", headOf("Content-Length: 9\r\n"))).toBe(true);
  expect([204, 304].map((status) => mustFlow("GET", headOf("", status)))).toEqual([true, true]);
});
