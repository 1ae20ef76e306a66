/** Round robin: everybody in turn, without the one that has just failed. */
import { afterEach, expect, test } from "vitest";
import { Rotation } from "../../../proxy/balancer/rotation.ts";
import { Ticker } from "../../../proxy/deadlines.ts";
import { Output } from "../../../proxy/http1/output.ts";
import { DEFAULT_LIMITS } from "../../../proxy/limits.ts";
import { TargetContext } from "../../../proxy/target/context.ts";
import { Target } from "../../../proxy/target/target.ts";

const ticker = new Ticker();
afterEach(() => ticker.stop());

const context = new TargetContext(DEFAULT_LIMITS, ticker, new Output());
const events = { onUnreachable: () => false, onFailure: () => {} };
const targets = (count: number): Target[] =>
  Array.from({ length: count }, (_, index) => {
    return new Target(
      `t${index}`,
      `127.0.0.1:${index + 1}`,
      { responseTimeoutMs: 0, forwardHeaders: true, protocol: "http1" },
      context,
      events,
    );
  });

function rotationOf(members: readonly Target[]): Rotation {
  const rotation = new Rotation();
  rotation.update(members);
  return rotation;
}

const turns = (rotation: Rotation, count: number, except?: Target): (string | undefined)[] =>
  Array.from({ length: count }, () => rotation.next(except)?.id);

test("the second target starts, as in the reference, and all take turns", () => {
  expect(turns(rotationOf(targets(3)), 7)).toEqual(["t1", "t2", "t0", "t1", "t2", "t0", "t1"]);
});

test("one target is always the one", () => {
  expect(turns(rotationOf(targets(1)), 3)).toEqual(["t0", "t0", "t0"]);
});

test("nobody there, nobody chosen", () => {
  expect(turns(rotationOf([]), 2)).toEqual([undefined, undefined]);
});

test("the one that failed is passed over; alone, there is nobody else", () => {
  const [first, second, third] = targets(3) as [Target, Target, Target];
  expect(turns(rotationOf([first, second, third]), 4, second)).toEqual(["t2", "t0", "t2", "t0"]);
  expect(turns(rotationOf([first]), 2, first)).toEqual([undefined, undefined]);
});

test("shares are equal over many turns", () => {
  const rotation = rotationOf(targets(4));
  const counts: Record<string, number> = {};
  for (const id of turns(rotation, 4_000)) counts[id ?? ""] = (counts[id ?? ""] ?? 0) + 1;
  expect(Object.values(counts)).toEqual([1_000, 1_000, 1_000, 1_000]);
});
