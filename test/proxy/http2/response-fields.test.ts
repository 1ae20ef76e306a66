import { expect, test } from "vitest";
import { ResponseHead } from "../../../proxy/http1/response-head.ts";
import {
  appendFieldLines,
  fieldObject,
  informationalFields,
  responseFields,
} from "../../../proxy/http2/response-fields.ts";
import { DEFAULT_LIMITS } from "../../../proxy/limits.ts";

function headOf(text: string): ResponseHead {
  const head = new ResponseHead(DEFAULT_LIMITS);
  const bytes = Buffer.from(`xx${text}\r\n`, "latin1");
  expect(head.parse(bytes, 2, bytes.length)).toBe(bytes.length);
  return head;
}

test("names are folded, values stay as they are, order and repetition too", () => {
  const head = headOf("HTTP/1.1 200 OK\r\nX-B: \xdcber, All \r\nSet-Cookie: A=1\r\nX-Empty:\r\nSet-Cookie: B=2\r\n");
  expect(responseFields(head, 200)).toEqual([
    ":status",
    "200",
    "x-b",
    "\xdcber, All",
    "set-cookie",
    "A=1",
    "x-empty",
    "",
    "set-cookie",
    "B=2",
  ]);
  expect(responseFields(headOf("HTTP/1.1 404 No\r\n"), 404)).toEqual([":status", "404"]);
});

test("what belongs to a connection or frames the message stays behind, nominated fields too", () => {
  const head = headOf(
    "HTTP/1.1 200 OK\r\nConnection: close, X-Own\r\nKeep-Alive: timeout=5\r\nX-Own: 1\r\nTransfer-Encoding: chunked\r\n" +
      "Upgrade: h2c\r\nProxy-Connection: close\r\nTE: trailers\r\nHTTP2-Settings: x\r\nTrailer: X-T\r\nDate: now\r\n",
  );
  expect(responseFields(head, 200)).toEqual([":status", "200", "trailer", "X-T", "date", "now"]);
  expect(responseFields(headOf("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"), 200)).toEqual([":status", "200"]);
});

test("a 1xx is an object, with lists for what is repeated", () => {
  const head = headOf("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\nLink: </c>\r\nX-A: 1\r\n");
  expect({ ...informationalFields(head) }).toEqual({ ":status": "103", link: ["</a>", "</b>", "</c>"], "x-a": "1" });
});

test("wire text becomes pairs", () => {
  const list = ["a", "b"];
  appendFieldLines(list, "Set-Cookie: a=b; Path=/x:y\r\nX-Empty: \r\n");
  expect(list).toEqual(["a", "b", "set-cookie", "a=b; Path=/x:y", "x-empty", ""]);
  appendFieldLines(list, "no colon\r\n");
  appendFieldLines(list, "Cut: off");
  appendFieldLines(list, "");
  expect(list.length).toBe(6);
});

test("no name reaches the object's prototype", () => {
  expect(Object.keys(fieldObject(["__proto__", "1", "constructor", "2"]))).toEqual(["__proto__", "constructor"]);
});
