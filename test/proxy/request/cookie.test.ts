import { expect, test } from "vitest";
import { cookieValue } from "../../../proxy/request/cookie.ts";

test.each([
  ["a=1", "1"],
  ["b=2; a=1", "1"],
  ["b=2;a=1;c=3", "1"],
  [" a = 1 ", "1"],
  ["a=1; a=2", "1"],
  ['a="1"', "1"],
  ['a=""', ""],
  ["a=", ""],
  ["a=x=y", "x=y"],
  ["a=1,2 3", "1,2 3"],
  ["aa=1; xa=2", undefined],
  ["A=1", undefined],
  ["a", undefined],
  ["", undefined],
  [";;;", undefined],
  ["b=a=1", undefined],
  // No cookie may have such a value: the next one counts.
  ['a=x"y; a=2', "2"],
  ["a=x\\y", undefined],
  ["a=\xe4", undefined],
])("of %j it is %j", (field, expected) => {
  expect(cookieValue(field, "a")).toBe(expected);
});
