import { expect, test } from "vitest";
import { giveBack } from "../../../proxy/http1/received-bytes.ts";

test("memory that is used up whole is gone at once", () => {
  const bytes = Buffer.allocUnsafeSlow(1000);
  giveBack(bytes, 0, 1000);
  expect([bytes.length, bytes.buffer.byteLength]).toEqual([0, 0]);
});

test("memory of which a part may still be needed, or belongs to others, stays", () => {
  for (const [start, end] of [
    [1, 1000],
    [0, 999],
  ] as const) {
    const bytes = Buffer.allocUnsafeSlow(1000);
    giveBack(bytes, start, end);
    expect(bytes.length).toBe(1000);
  }
  const pooled = Buffer.from("a piece of a pool");
  giveBack(pooled, 0, pooled.length);
  expect(pooled.toString()).toBe("a piece of a pool");
  const part = Buffer.allocUnsafeSlow(1000).subarray(0, 500);
  giveBack(part, 0, 500);
  expect(part.length).toBe(500);
});
