import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { WorkEvent } from "../../../cli/execute/event.ts";
import { LiveView } from "../../../cli/report/live.ts";
import { memoryTerminal } from "../command/memory-terminal.ts";
import { FakeScreen } from "./fake-screen.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function started(columns = 60, rows = 24) {
  const screen = new FakeScreen(columns, rows);
  const view = new LiveView({ ...memoryTerminal({ env: { NO_COLOR: "1" } }), stdout: screen, stderr: screen });
  return { screen, view, tell: (...events: WorkEvent[]) => events.forEach(view.report) };
}

const step = (id: number, title: string, ...hosts: string[]): WorkEvent => ({
  event: "step-started",
  id,
  title,
  hosts,
});
const done = (id: number, outcome: "done" | "failed" | "skipped" | "cancelled" = "done"): WorkEvent => ({
  event: "step-finished",
  id,
  outcome,
  durationMs: 1234,
});
const progress = (host: string, text: string): WorkEvent => ({ event: "progress", host, text });
const said = (text: string): WorkEvent => ({ event: "said", kind: "progress", text });

/** Without the spinner, which turns. */
const still = (lines: readonly string[]) => lines.map((line) => line.replace(/^[⠀-⣿]/, "*"));

describe("a row for each host", () => {
  test("with its step, its last word and the time it takes", () => {
    const { screen, view, tell } = started();
    tell(step(1, "Pull image", "app1", "app2"), progress("app2", "layer 3 of 8"));
    vi.advanceTimersByTime(3_050);
    expect(still(screen.lines)).toEqual(["* app1  Pull image  3 s", "* app2  Pull image  layer 3 of 8  3 s"]);
    view.close();
  });

  test("a drain counts down in its place", () => {
    const { screen, view, tell } = started();
    tell(step(1, "Switch", "app1"));
    for (const left of [12, 7, 1]) {
      tell(progress("app1", `draining: ${left} requests`));
      vi.advanceTimersByTime(100);
      expect(still(screen.lines)).toEqual([expect.stringContaining(`draining: ${left} requests`)]);
    }
    view.close();
  });

  test("output that is to be seen stays above, the rest is not shown", () => {
    const { screen, view, tell } = started();
    const line = { event: "command-output", id: "00000001", host: "localhost", stream: "stdout" } as const;
    tell({ ...line, line: "from a hook", level: "info" }, { ...line, line: "from a pull", level: "debug" });
    expect(screen.lines.join("\n")).toContain("from a hook");
    expect(screen.lines.join("\n")).not.toContain("from a pull");
    view.close();
  });

  test("the innermost step counts, and the outer one again after it", () => {
    const { screen, view, tell } = started();
    tell(step(1, "Boot", "app1"), step(2, "Wait for health", "app1"));
    vi.advanceTimersByTime(100);
    expect(screen.lines.join()).toContain("Wait for health");
    tell(done(2));
    vi.advanceTimersByTime(100);
    expect(still(screen.lines)).toEqual(["✔ Wait for health  app1  1.2 s", "* app1  Boot  0 s"]);
    view.close();
  });

  test("work on this machine has its own", () => {
    const { screen, view, tell } = started();
    tell(step(1, "Build image"), {
      event: "command-started",
      id: "00000001",
      host: "localhost",
      shown: "docker buildx build",
      level: "info",
    });
    vi.advanceTimersByTime(100);
    expect(still(screen.lines)).toEqual(["* localhost  Build image  docker buildx build  0 s"]);
    view.close();
  });
});

test("what is left on the screen reads like a log, and the cursor is back", () => {
  const { screen, view, tell } = started(100);
  tell(said("Deploying"), step(1, "Pull image", "app1", "app2"));
  vi.advanceTimersByTime(500);
  expect(screen.cursorVisible).toBe(false);
  tell(done(1), step(2, "Switch", "app1"));
  vi.advanceTimersByTime(500);
  tell(done(2, "failed"), {
    event: "failed",
    code: "boot-failed",
    host: "app1",
    message: "the app did not become healthy",
    hint: "look at its log",
    details: ["GET /up answered 500"],
  });
  view.close();
  expect(screen.lines).toEqual([
    "Deploying",
    "✔ Pull image  app1, app2  1.2 s",
    "✖ Switch  app1  1.2 s",
    "  ERROR (boot-failed) on app1: the app did not become healthy",
    "    GET /up answered 500",
    "  Hint: look at its log",
  ]);
  expect(screen.cursorVisible).toBe(true);
});

describe("drawing", () => {
  test("at most ten frames a second, each in one write, however much happens", () => {
    const { screen, view, tell } = started();
    tell(step(1, "Pull image", "app1"));
    for (let at = 0; at < 1_000; at++) {
      tell(progress("app1", `layer ${at}`), said(`line ${at}`));
      vi.advanceTimersByTime(1);
    }
    expect(screen.writes).toBeLessThanOrEqual(10);
    expect(screen.writes).toBeGreaterThan(5);
    view.close();
    expect(screen.lines.filter((line) => line.startsWith("line "))).toHaveLength(1_000);
  });

  test("nothing is drawn, and no line is lost, while somebody else uses the terminal", () => {
    const { screen, view, tell } = started();
    tell(step(1, "Fetch secrets"));
    vi.advanceTimersByTime(100);
    view.pause();
    expect(screen.cursorVisible).toBe(true);
    screen.write("Password: ");
    tell(said("meanwhile"), progress("localhost", "x"));
    vi.advanceTimersByTime(1_000);
    expect(screen.lines).toEqual(["Password:"]);
    screen.write("\n");
    view.resume();
    expect(still(screen.lines)).toEqual(["Password:", "meanwhile", "* localhost  Fetch secrets  x  1 s"]);
    view.close();
    expect(screen.lines).toEqual(["Password:", "meanwhile"]);
  });

  test("after the last step the block is gone, and lines come at once", () => {
    const { screen, view, tell } = started();
    tell(step(1, "A"));
    vi.advanceTimersByTime(100);
    tell(done(1));
    expect(screen.lines).toEqual(["✔ A  1.2 s"]);
    tell(said("more"));
    expect(screen.lines).toEqual(["✔ A  1.2 s", "more"]);
    view.close();
  });
});

describe("sizes", () => {
  test("rows never exceed a narrow terminal, wide letters counted", () => {
    const { screen, view, tell } = started(24);
    tell(step(1, "Waiting for 健康確認 of everything", "server-with-a-long-name.example.com"));
    vi.advanceTimersByTime(100);
    expect(screen.lines).toHaveLength(1);
    expect(screen.lines[0]).toContain("…");
    view.close();
    expect(screen.lines).toEqual([]);
  });

  test("more hosts than rows: those that fit, and how many more", () => {
    const { screen, view, tell } = started(60, 6);
    tell(step(1, "Pull image", ...Array.from({ length: 10 }, (_, at) => `app${at}`)));
    vi.advanceTimersByTime(300);
    expect(still(screen.lines)).toEqual([
      "* app0  Pull image  0 s",
      "* app1  Pull image  0 s",
      "* app2  Pull image  0 s",
      "* app3  Pull image  0 s",
      "  … and 6 more",
    ]);
    view.close();
    expect(screen.lines).toEqual([]);
  });

  test.each([
    [60, 20],
    [60, 33],
    [30, 80],
    [20, 19],
  ])("from %i to %i columns in the middle of it: no row is left behind", (from, to) => {
    const { screen, view, tell } = started(from);
    tell(said("before"), step(1, "Waiting for all of the containers", "app1", "app2"), progress("app1", "12 s left"));
    vi.advanceTimersByTime(200);
    screen.resize(to);
    vi.advanceTimersByTime(200);
    expect(screen.lines).toHaveLength(3);
    tell(done(1));
    view.close();
    const joined = screen.lines.join("");
    expect(joined.startsWith("before✔ Waiting for all of the containers")).toBe(true);
    expect(screen.lines.filter((line) => /[⠀-⣿]/.test(line))).toEqual([]);
  });
});

test("what a host prints cannot move the cursor", () => {
  const { screen, view, tell } = started();
  tell(
    { event: "host-output", title: "App Host", host: "app1", text: "\u001b[2J\u001b[Hgone\u0007\rover" },
    said("a\u001b[1Ab"),
  );
  view.close();
  expect(screen.lines).toEqual(["App Host: app1", "goneover", "", "ab"]);
});

test("leaves no timer and no listener behind", () => {
  const before = process.listenerCount("exit");
  const { screen, view, tell } = started();
  tell(step(1, "A"));
  view.close();
  expect(vi.getTimerCount()).toBe(0);
  expect(screen.listenerCount("resize")).toBe(0);
  expect(process.listenerCount("exit")).toBe(before);
});
