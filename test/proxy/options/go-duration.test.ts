import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  formatDurationMs,
  formatDurationNs,
  parseDurationMs,
  parseDurationNs,
} from "../../../proxy/options/go-duration.ts";

test.each([
  ["0", 0],
  ["+0", 0],
  ["5s", 5_000],
  ["-5s", -5_000],
  ["+5s", 5_000],
  ["1.5h", 5_400_000],
  [".5s", 500],
  ["5.s", 5_000],
  ["1m30s", 90_000],
  ["1h1m1s1ms1us1ns", 3_661_001.001001],
  ["2µs", 0.002],
  ["2μs", 0.002],
  ["300ms", 300],
  ["0.000000001s", 0.000001],
  ["0.0000000001s", 0],
  ["1.00000000000000000000001s", 1_000],
])("%s is %d ms", (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms);
});

test.each([
  ["30", 'time: missing unit in duration "30"'],
  ["1.5", 'time: missing unit in duration "1.5"'],
  ["1m30", 'time: missing unit in duration "1m30"'],
  ["", 'time: invalid duration ""'],
  ["-", 'time: invalid duration "-"'],
  ["s", 'time: invalid duration "s"'],
  [".s", 'time: invalid duration ".s"'],
  ["--5s", 'time: invalid duration "--5s"'],
  [" 5s", 'time: invalid duration " 5s"'],
  ["5 s", 'time: unknown unit " s" in duration "5 s"'],
  ["1d", 'time: unknown unit "d" in duration "1d"'],
  ["1S", 'time: unknown unit "S" in duration "1S"'],
  ['1"\\é', 'time: unknown unit "\\"\\\\\\xc3\\xa9" in duration "1\\"\\\\\\xc3\\xa9"'],
  ["9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"'],
  ["2562048h", 'time: invalid duration "2562048h"'],
])("%j is refused in the original's words", (text, message) => {
  expect(() => parseDurationMs(text)).toThrow(expect.objectContaining({ message }));
});

test.each([
  [0, "0s"],
  [300, "300ms"],
  [1_500, "1.5s"],
  [90_000, "1m30s"],
  [3_600_000, "1h0m0s"],
  [0.0015, "1.5µs"],
  [0.000001, "1ns"],
  [-2_000, "-2s"],
  [5_400_000.5, "1h30m0.0005s"],
])("%d ms is written %s", (ms, text) => {
  expect(formatDurationMs(ms)).toBe(text);
});

test("every duration survives being written and read", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (ns) => {
      expect(parseDurationNs(formatDurationNs(ns))).toBe(ns);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 }), (ms) => {
      expect(parseDurationMs(formatDurationMs(ms))).toBe(ms);
    }),
  );
});
