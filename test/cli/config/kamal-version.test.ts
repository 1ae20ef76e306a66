import { expect, test } from "vitest";
import { compareVersions } from "../../../cli/config/kamal-version.ts";

test.each([
  ["2.0.0", "2.0", 0],
  ["2.12.0", "2.3.0", 1],
  ["2.0.0.rc1", "2.0.0", -1],
  ["2.0.0.rc2", "2.0.0.rc1", 1],
  ["10", "9", 1],
])("version %s against %s", (one, other, order) => {
  expect(Math.sign(compareVersions(one, other))).toBe(order);
});
