import { expect, test } from "vitest";
import { watchInterruption } from "../../../cli/command/interruption.ts";
import type { Reporter } from "../../../cli/report/reporter.ts";

const nothing = (): void => undefined;
const reporter: Reporter = { report: nothing, print: nothing, pause: nothing, resume: nothing, close: nothing };

function readerLeaves(quietly: boolean): boolean {
  const ignore = (): void => undefined;
  process.stdout.on("error", ignore);
  const { signal, stopWatching } = watchInterruption(reporter, quietly);
  process.stdout.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  stopWatching();
  process.stdout.off("error", ignore);
  return signal.aborted;
}

test("app logs -f | head ends with its reader", () => {
  expect(readerLeaves(true)).toBe(true);
});

test("a deploy goes on when nobody reads what it says", () => {
  expect(readerLeaves(false)).toBe(false);
});
