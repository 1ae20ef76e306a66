import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TokenBucket } from "../../../proxy/challenge/token-bucket.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

function takeAll(bucket: TokenBucket): number {
  let taken = 0;
  while (taken < 1_000 && bucket.take()) taken++;
  return taken;
}

test("it is full at first, refills steadily, and never holds more than at first", () => {
  const bucket = new TokenBucket(60, 60_000);
  expect(takeAll(bucket)).toBe(60);
  vi.advanceTimersByTime(999);
  expect(bucket.take()).toBe(false);
  vi.advanceTimersByTime(2);
  expect(takeAll(bucket)).toBe(1);
  vi.advanceTimersByTime(10_001);
  expect(takeAll(bucket)).toBe(10);
  vi.advanceTimersByTime(24 * 60 * 60 * 1000);
  expect(takeAll(bucket)).toBe(60);
});
