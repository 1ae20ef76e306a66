import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Heard, SingleFlight, type SingleFlightLimits } from "../../../proxy/challenge/single-flight.ts";

const LIMITS: SingleFlightLimits = { maxAtOnce: 10, burst: 1_000, refillMs: 1_000, maxRemembered: 10 };

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

/** Questions whose answers the test gives. */
function asker() {
  const asked: { signal: AbortSignal; answer(heard: Heard<string>): void; fail(error: Error): void }[] = [];
  const question = (signal: AbortSignal): Promise<Heard<string>> =>
    new Promise((answer, fail) => void asked.push({ signal, answer, fail }));
  return { asked, question };
}

const answering =
  (value: string, keepMs = 0) =>
  (): Promise<Heard<string>> =>
    Promise.resolve({ value, keepMs });

test("many who ask the same are one question; the next one asks anew [AC-04]", async () => {
  const flights = new SingleFlight<string>(LIMITS);
  const { asked, question } = asker();
  const answers = Array.from({ length: 100 }, () => flights.ask("a", question));
  expect(asked).toHaveLength(1);
  asked[0]?.answer({ value: "yes", keepMs: 0 });
  expect(await Promise.all(answers)).toEqual(Array(100).fill("yes"));
  void flights.ask("a", question);
  expect(asked).toHaveLength(2);
});

test("an answer is remembered for as long as it says", async () => {
  const flights = new SingleFlight<string>(LIMITS);
  const { asked, question } = asker();
  expect(await flights.ask("a", answering("no", 100))).toBe("no");
  vi.advanceTimersByTime(99);
  expect(await flights.ask("a", question)).toBe("no");
  vi.advanceTimersByTime(1);
  void flights.ask("a", question);
  expect(asked).toHaveLength(1);
});

test("maxRemembered: the oldest answers make room", async () => {
  const flights = new SingleFlight<string>({ ...LIMITS, maxRemembered: 2 });
  for (const key of ["a", "b", "c"]) await flights.ask(key, answering(key, 1_000));
  const { asked, question } = asker();
  expect(await flights.ask("b", question)).toBe("b");
  expect(await flights.ask("c", question)).toBe("c");
  void flights.ask("a", question);
  expect(asked).toHaveLength(1);
});

test("maxAtOnce: beyond it nobody is asked, until a question has ended", async () => {
  const flights = new SingleFlight<string>({ ...LIMITS, maxAtOnce: 2 });
  const { asked, question } = asker();
  void flights.ask("a", question);
  void flights.ask("b", question);
  expect(await flights.ask("c", question)).toBeNull();
  expect(asked).toHaveLength(2);
  asked[0]?.answer({ value: "yes", keepMs: 0 });
  await turn();
  void flights.ask("c", question);
  expect(asked).toHaveLength(3);
});

test("burst: beyond it nobody is asked, but what is remembered or under way is told", async () => {
  const flights = new SingleFlight<string>({ ...LIMITS, burst: 2 });
  const { asked, question } = asker();
  expect(await flights.ask("a", answering("a", 10_000))).toBe("a");
  const second = flights.ask("b", question);
  expect(await flights.ask("c", question)).toBeNull();
  expect(await flights.ask("a", question)).toBe("a");
  const third = flights.ask("b", question);
  asked[0]?.answer({ value: "b", keepMs: 0 });
  expect(await Promise.all([second, third])).toEqual(["b", "b"]);
  vi.advanceTimersByTime(501);
  expect(await flights.ask("c", answering("c"))).toBe("c");
});

test("a question that fails is nobody's unhandled rejection, and is not remembered", async () => {
  const flights = new SingleFlight<string>(LIMITS);
  expect(await flights.ask("a", () => Promise.reject(new Error("no")))).toBeNull();
  expect(await flights.ask("a", answering("yes"))).toBe("yes");
});

test("who gives up leaves at once; the question ends when nobody is left [A221]", async () => {
  const flights = new SingleFlight<string>(LIMITS);
  const { asked, question } = asker();
  const [one, two] = [new AbortController(), new AbortController()];
  const first = flights.ask("a", question, one.signal);
  const second = flights.ask("a", question, two.signal);
  one.abort();
  expect(await first).toBeNull();
  expect(asked[0]?.signal.aborted).toBe(false);
  two.abort();
  expect(await second).toBeNull();
  expect(asked[0]?.signal.aborted).toBe(true);
  // What it still says comes too late for those who ask now.
  const third = flights.ask("a", question);
  asked[0]?.answer({ value: "old", keepMs: 1_000 });
  await turn();
  asked[1]?.answer({ value: "new", keepMs: 0 });
  expect(await third).toBe("new");
  expect(await flights.ask("a", question, AbortSignal.abort())).toBeNull();
  expect(asked).toHaveLength(2);
});

test("one who waits without a signal keeps the question alive", async () => {
  const flights = new SingleFlight<string>(LIMITS);
  const { asked, question } = asker();
  const leaving = new AbortController();
  const patient = flights.ask("a", question);
  void flights.ask("a", question, leaving.signal);
  leaving.abort();
  asked[0]?.answer({ value: "yes", keepMs: 0 });
  expect(await patient).toBe("yes");
});

test("an answer from elsewhere is everybody's at once; closing ends all", async () => {
  const flights = new SingleFlight<string>(LIMITS);
  const { asked, question } = asker();
  const waiting = flights.ask("a", question);
  expect([...flights.keysUnderWay]).toEqual(["a"]);
  flights.settle("a", "known");
  flights.settle("b", "nobody asked");
  expect(await waiting).toBe("known");
  expect(asked[0]?.signal.aborted).toBe(true);
  const cut = flights.ask("c", question);
  flights.close();
  expect(await cut).toBeNull();
  expect(asked[1]?.signal.aborted).toBe(true);
  expect([...flights.keysUnderWay]).toEqual([]);
});

test("what was remembered can be forgotten", async () => {
  const flights = new SingleFlight<string>(LIMITS);
  await flights.ask("a", answering("old", 1_000));
  flights.forget();
  expect(await flights.ask("a", answering("new"))).toBe("new");
});
