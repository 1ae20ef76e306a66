import { expect, test } from "vitest";
import { retryAfterSeconds } from "../../../proxy/issuing/retry-after.ts";

const NOW = Date.UTC(2027, 0, 2, 3, 4, 5);

test.each([
  ["120", 120],
  [" 0 ", 0],
  ["Sat, 02 Jan 2027 03:05:05 GMT", 60],
  ["Sat, 02 Jan 2027 03:00:00 GMT", 0],
  ["99999999999999999999", 2_592_000],
  ["Sat, 02 Jan 2099 03:00:00 GMT", 2_592_000],
  ["soon", null],
  ["-5 minutes", null],
  ["", null],
  [undefined, null],
])("%s is %s seconds", (value, seconds) => {
  expect(retryAfterSeconds(value, NOW)).toBe(seconds);
});
