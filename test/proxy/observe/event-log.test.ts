import { expect, onTestFinished, test } from "vitest";
import { EventLog } from "../../../proxy/observe/event-log.ts";
import { formatLogTime } from "../../../proxy/observe/log-time.ts";

function written(debug: boolean, act: (log: EventLog) => void): string[] {
  const lines: string[] = [];
  act(new EventLog({ write: (line) => void lines.push(line) }, { debug }));
  return lines;
}

test("one line of JSON: time, level, message, then the fields in their order", () => {
  const [line = ""] = written(false, (log) =>
    log.warn("Target health updated", { target: "a:1", state: "unhealthy", was: "healthy", missing: undefined }),
  );
  expect(line).toMatch(
    /^\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d)","level":"WARN","msg":"Target health updated","target":"a:1","state":"unhealthy","was":"healthy"\}\n$/,
  );
});

test("every level, and debug only when asked for", () => {
  const all = (log: EventLog) => {
    log.debug("d");
    log.info("i");
    log.warn("w");
    log.error("e", { error: new Error("why") });
  };
  const levels = (lines: string[]) => lines.map((line) => (JSON.parse(line) as { level: string }).level);
  expect(levels(written(false, all))).toEqual(["INFO", "WARN", "ERROR"]);
  expect(levels(written(true, all))).toEqual(["DEBUG", "INFO", "WARN", "ERROR"]);
  expect(JSON.parse(written(false, all)[2] ?? "")).toMatchObject({ error: "why" });
});

test("whatever a value holds, it stays one line", () => {
  const [line = ""] = written(false, (log) => log.info("a\nb\u001b", { "x\n": 'c\r\n"\u2028', big: 2n ** 70n }));
  expect(line.trimEnd()).not.toMatch(/[\n\r\u001b]/);
  expect(JSON.parse(line)).toMatchObject({ msg: "a\nb\u001b", "x\n": 'c\r\n"\u2028', big: String(2n ** 70n) });
});

test("time is the wall clock's, with its zone", () => {
  const zone = process.env["TZ"];
  onTestFinished(() => {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  });
  process.env["TZ"] = "Asia/Kolkata";
  expect(formatLogTime(Date.UTC(2026, 0, 2, 3, 4, 5) + 6.789)).toMatch(/^2026-01-02T08:34:05\.00678\d{4}\+05:30$/);
  process.env["TZ"] = "America/New_York";
  expect(formatLogTime(Date.UTC(2026, 0, 2, 3, 5, 59) + 999)).toBe("2026-01-01T22:05:59.999000000-05:00");
  process.env["TZ"] = "UTC";
  expect(formatLogTime(Date.UTC(2026, 6, 2, 3, 4, 5))).toBe("2026-07-02T03:04:05.000000000Z");
  const [line = ""] = written(false, (log) => log.info("x"));
  expect(Math.abs(Date.parse((JSON.parse(line) as { time: string }).time) - Date.now())).toBeLessThan(1_000);
});
