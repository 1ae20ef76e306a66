/** Deadlines: nothing expires early, everything does in time, and a process that was late blames nobody. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { DeadlineEntry, DeadlineQueue, disarm, Ticker } from "../../proxy/deadlines.ts";
import { eventually, pause } from "../support/eventually.ts";

class Entry extends DeadlineEntry {
  readonly name: string;
  constructor(name: string) {
    super();
    this.name = name;
  }
}

let ticker: Ticker;
let expired: { name: string; at: number }[];
beforeEach(() => {
  ticker = new Ticker();
  expired = [];
});
afterEach(() => ticker.stop());

const queueOf = (durationMs: number): DeadlineQueue<Entry> =>
  new DeadlineQueue<Entry>(ticker, durationMs, ({ name }) => expired.push({ name, at: performance.now() }));
const names = (): string[] => expired.map(({ name }) => name);

test("an entry expires after its time and not before", async () => {
  const startedAt = performance.now();
  queueOf(150).arm(new Entry("a"));
  await eventually("it expires", () => expired.length === 1);
  const after = (expired[0]?.at ?? 0) - startedAt;
  expect(after).toBeGreaterThanOrEqual(150);
  expect(after).toBeLessThan(600);
});

test("entries expire in the order in which they were armed, once each", async () => {
  const queue = queueOf(50);
  for (const name of ["a", "b", "c"]) queue.arm(new Entry(name));
  await eventually("all expire", () => expired.length === 3);
  await pause(250);
  expect(names()).toEqual(["a", "b", "c"]);
});

test("arming again starts the wait again, at the end of the line", async () => {
  const queue = queueOf(200);
  const [a, b] = [new Entry("a"), new Entry("b")];
  queue.arm(a);
  queue.arm(b);
  await pause(120);
  queue.arm(a);
  await eventually("the other expires", () => expired.length === 1);
  expect(names()).toEqual(["b"]);
  await eventually("then this one", () => expired.length === 2);
  expect(names()).toEqual(["b", "a"]);
});

test("an entry waits in one queue at a time", async () => {
  const [short, long] = [queueOf(50), queueOf(60_000)];
  const entry = new Entry("a");
  short.arm(entry);
  long.arm(entry);
  expect([short.first, long.first]).toEqual([null, entry]);
  await pause(250);
  expect(names()).toEqual([]);
  disarm(entry);
  expect(long.first).toBeNull();
});

test("disarmed entries never expire, wherever in the line they stood", async () => {
  const queue = queueOf(50);
  const entries = ["a", "b", "c", "d", "e"].map((name) => new Entry(name));
  for (const entry of entries) queue.arm(entry);
  for (const index of [0, 2, 4]) disarm(entries[index] as Entry);
  disarm(entries[2] as Entry);
  await eventually("the others expire", () => expired.length === 2);
  expect(names()).toEqual(["b", "d"]);
});

test("a duration of 0 waits for ever", async () => {
  const queue = queueOf(0);
  const entry = new Entry("a");
  queue.arm(entry);
  expect([queue.first, entry.queuedIn]).toEqual([null, null]);
  await pause(150);
  expect(names()).toEqual([]);
});

test("an entry may be armed again while it expires, and others disarmed", async () => {
  const other = new Entry("other");
  let again = 0;
  const queue = new DeadlineQueue<Entry>(ticker, 50, (entry) => {
    expired.push({ name: entry.name, at: 0 });
    disarm(other);
    if (++again === 1) queue.arm(entry);
  });
  queue.arm(new Entry("a"));
  queue.arm(other);
  await eventually("it expires twice", () => expired.length === 2);
  expect(names()).toEqual(["a", "a"]);
});

test("after a stall of the process its peers get a turn before anything expires", async () => {
  queueOf(300).arm(new Entry("a"));
  // Stands still, as a process does that is stopped or swapped out.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_400);
  await pause(20);
  expect(names()).toEqual([]);
  await eventually("then it expires", () => expired.length === 1);
});
