import { expect, test } from "vitest";
import { fnv1a, RolloutGroup } from "../../../proxy/service/rollout-split.ts";

const thousand = Array.from({ length: 1000 }, (_, index) => String(index).padStart(5, "0"));

function admitted(percentage: number, values: readonly string[], allowlist: readonly string[] = []): number {
  const group = new RolloutGroup({ percentage, allowlist });
  return values.filter((value) => group.admitsValue(value)).length;
}

// Appendix B of the reference: a visitor stays in the same group when the proxy changes.
test.each([
  ["1", 873_244_444, 20.34],
  ["2", 923_577_301, 21.51],
  ["8", 1_024_243_015, 23.85],
  ["a", 3_826_002_220, 89.09],
  ["00001", 1_231_224_044, 28.67],
  ["00002", 1_281_556_901, 29.84],
  ["abc", 440_920_331, 10.27],
  ["user-42", 39_875_499, 0.93],
])("%j hashes to %i and is in from %f percent on", (value, hash, percentage) => {
  expect(fnv1a(value)).toBe(hash);
  expect(admitted(percentage + 0.01, [value])).toBe(1);
  expect(admitted(percentage - 0.01, [value])).toBe(0);
});

test("at 0 percent only the allow list is in [A112]", () => {
  const group = new RolloutGroup({ percentage: 0, allowlist: ["1", "2"] });
  expect(["1", "2", "3", ""].map((value) => group.admitsValue(value))).toEqual([true, true, false, false]);
});

test("at 60 percent 613 of a thousand numbers are in, and nobody without a value [A113]", () => {
  expect(admitted(60, thousand)).toBe(613);
  expect(admitted(60, [""])).toBe(0);
});

test("at 10 percent 83 of a thousand are in, the allow list in any case [A114]", () => {
  expect(admitted(10, thousand)).toBe(83);
  const listed = thousand.filter((value) => admitted(10, [value]) === 0).slice(0, 2);
  expect(admitted(10, thousand, listed)).toBe(85);
  expect(admitted(10, listed, listed)).toBe(2);
});

test("at 100 percent everybody with a value is in", () => {
  expect(admitted(100, [...thousand, "x", "\xff"])).toBe(1002);
});
