import { expect, test } from "vitest";
import { trailerObject, trailerText } from "../../../proxy/http2/trailer-fields.ts";

test("trailers become wire text, without what must not come as one [H2-18]", () => {
  const raw = ["grpc-status", "0", ":path", "/evil", "content-length", "5", "host", "evil.test", "x-sum", "a b"];
  expect(trailerText([...raw, "connection", "close", "authorization", "Basic eA==", "te", "trailers"], 1_000)).toBe(
    "grpc-status: 0\r\nx-sum: a b\r\n",
  );
  expect(trailerText([], 1_000)).toBe("");
  expect(trailerText([":status", "200"], 1_000)).toBe("");
});

test("what is no trailer section is refused, as is one that is too large", () => {
  for (const raw of [
    ["x", "a\r\nEvil: 1"],
    ["x\r\nEvil", "1"],
    ["evil: 1", "2"],
    ["x", "a\r\n\r\nGET / HTTP/1.1"],
    ["x", "\0"],
    ["", "1"],
    ["x", "\u010d\u010ae: 1"],
  ]) {
    expect(trailerText(raw, 1_000), JSON.stringify(raw)).toBeNull();
  }
  expect(trailerText(["x", "a".repeat(100)], 107)).not.toBeNull();
  expect(trailerText(["x", "a".repeat(100)], 106)).toBeNull();
});

test("wire text becomes the object that a stream takes", () => {
  expect({ ...trailerObject("Grpc-Status: 0\r\nX-A: 1\r\nx-a: 2\r\n") }).toEqual({
    "grpc-status": "0",
    "x-a": ["1", "2"],
  });
  expect({ ...trailerObject("") }).toEqual({});
});
