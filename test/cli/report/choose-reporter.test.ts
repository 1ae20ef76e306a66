import { describe, expect, test } from "vitest";
import type { WorkEvent } from "../../../cli/execute/event.ts";
import { chooseReporter, type ReportChoice } from "../../../cli/report/choose-reporter.ts";
import { Redactor } from "../../../cli/secret/redactor.ts";
import { Secret } from "../../../cli/secret/secret.ts";
import { memoryTerminal } from "../command/memory-terminal.ts";
import { FakeScreen } from "./fake-screen.ts";

/** One of each, as a run would tell them. */
const EVENTS = [
  { event: "run-started", command: "deploy", version: "v1", destination: undefined, hosts: ["app1"], changes: true },
  { event: "step-started", id: 1, title: "Pull v1", hosts: ["app1"] },
  { event: "command-started", id: "0a1b2c3d", host: "app1", shown: "docker pull acme/app:v1", level: "info" },
  { event: "command-output", id: "0a1b2c3d", host: "app1", stream: "stdout", line: "v1: Pulling", level: "debug" },
  { event: "progress", host: "app1", text: "layer 1 of 2" },
  { event: "command-finished", id: "0a1b2c3d", host: "app1", exitCode: 0, durationMs: 1234, level: "info" },
  { event: "command-started", id: "11111111", host: "app1", shown: "mkdir .kamal", level: "debug" },
  { event: "command-finished", id: "11111111", host: "app1", exitCode: null, durationMs: 5, level: "debug" },
  { event: "step-finished", id: 1, outcome: "done", durationMs: 1300 },
  { event: "said", kind: "progress", text: "Switching" },
  { event: "said", kind: "notice", text: "a key was learnt", host: "app1" },
  { event: "said", kind: "warning", text: "an old key" },
  { event: "host-output", title: "App Host", host: "app1", text: "up 3 days" },
  {
    event: "failed",
    code: "boot-failed",
    host: "app1",
    message: "not healthy",
    hint: "see its log",
    details: ["GET /up: 500"],
  },
  { event: "run-finished", exitCode: 1, durationMs: 2345 },
] as const satisfies readonly WorkEvent[];

const NORMAL: ReportChoice = { json: false, quiet: false, verbose: false, raw: false };

function told(choice: Partial<ReportChoice>, events: readonly WorkEvent[] = EVENTS, redactor = new Redactor()) {
  const terminal = memoryTerminal();
  const reporter = chooseReporter({ ...NORMAL, ...choice }, terminal, redactor);
  events.forEach(reporter.report);
  reporter.close();
  return { out: terminal.out(), err: terminal.err() };
}

const ERROR = "  ERROR (boot-failed) on app1: not healthy\n    GET /up: 500\n  Hint: see its log\n";

describe("plain lines", () => {
  test("as the original writes them: commands, results by host, the time it took", () => {
    const { out, err } = told({});
    expect(out).toBe(`Pull v1 on app1...
  INFO [0a1b2c3d] Running docker pull acme/app:v1 on app1
  INFO [0a1b2c3d] Finished in 1.234 seconds with exit status 0 (successful).
Switching
app1: a key was learnt
App Host: app1
up 3 days

  Time: pull 1.3 s, rest 1.0 s
  Finished all in 2.3 seconds
`);
    expect(err).toBe(`Warning: an old key\n${ERROR}`);
  });

  test("-v: every command, and all that it prints", () => {
    expect(told({ verbose: true }).out).toBe(`Pull v1 on app1...
  INFO [0a1b2c3d] Running docker pull acme/app:v1 on app1
 DEBUG [0a1b2c3d] \tv1: Pulling
 DEBUG app1: layer 1 of 2
  INFO [0a1b2c3d] Finished in 1.234 seconds with exit status 0 (successful).
 DEBUG [11111111] Running mkdir .kamal on app1
 DEBUG [11111111] Finished in 0.005 seconds with exit status unknown (ended by a signal or a lost connection).
Switching
app1: a key was learnt
App Host: app1
up 3 days

  Time: pull 1.3 s, rest 1.0 s
  Finished all in 2.3 seconds
`);
  });

  test("-q: what was asked for, and errors", () => {
    expect(told({ quiet: true })).toEqual({ out: "up 3 days\n", err: ERROR });
  });

  test("--raw: standard output is left to the program on the host", () => {
    expect(told({ raw: true, json: true })).toEqual({ out: "", err: `Warning: an old key\n${ERROR}` });
  });

  test("what doctor found: all of it, or with -q what needs to be done", () => {
    const found = [
      { event: "checked", check: "docker", host: "app1", verdict: "ok", text: "Docker 28 runs.", hint: undefined },
      { event: "checked", check: "dns", host: undefined, verdict: "problem", text: "leads nowhere", hint: "set DNS" },
    ] as const satisfies readonly WorkEvent[];
    const problem = "problem  leads nowhere\n         Hint: set DNS\n";
    expect(told({}, found).out).toBe(`ok       app1  Docker 28 runs.\n${problem}`);
    expect(told({ quiet: true }, found).out).toBe(problem);
    expect(told({ raw: true }, found).out).toBe("");
  });

  test("a run that changes nothing does not say how long it took, nor one that is short by nature", () => {
    const [first, last] = [EVENTS[0], EVENTS.at(-1) as WorkEvent];
    expect(told({}, [{ ...first, changes: false }, last]).out).toBe("");
    expect(told({}, [{ ...first, command: "lock acquire" }, last]).out).toBe("");
    expect(told({}, [{ ...first, command: "app exec" }, last]).out).toBe("");
    expect(told({}, [first, last]).out).toBe("  Finished all in 2.3 seconds\n");
  });

  test("output that is to be seen is seen without -v, and once", () => {
    const line = { event: "command-output", id: "0a1b2c3d", host: "app1", stream: "stdout", line: "look" } as const;
    const shown: WorkEvent[] = [{ ...line, level: "info" }];
    expect(told({}, shown).out).toBe("  INFO [0a1b2c3d] \tlook\n");
    expect(told({ verbose: true }, shown).out).toBe("  INFO [0a1b2c3d] \tlook\n");
    expect(told({ quiet: true }, shown).out).toBe("");
    expect(told({}, [{ ...line, level: "debug" }]).out).toBe("");
  });

  test("a host is named once in a sentence", () => {
    const said = { event: "said", kind: "notice", host: "10.0.0.1" } as const;
    const lines = ["10.0.0.1: docker ps exited 1", "would run on 10.0.0.1: docker ps", "on 10.0.0.11"];
    expect(
      told(
        {},
        lines.map((text) => ({ ...said, text })),
      ).out,
    ).toBe("10.0.0.1: docker ps exited 1\nwould run on 10.0.0.1: docker ps\n10.0.0.1: on 10.0.0.11\n");
    const failed = { event: "failed", code: "x", host: "10.0.0.1", hint: undefined, details: [] } as const;
    expect(told({}, [{ ...failed, message: "10.0.0.1 does not answer" }]).err).toBe(
      "  ERROR (x): 10.0.0.1 does not answer\n",
    );
    expect(told({}, [{ ...failed, message: "10.0.0.11 is another one" }]).err).toBe(
      "  ERROR (x) on 10.0.0.1: 10.0.0.11 is another one\n",
    );
  });
});

describe("who speaks", () => {
  const choose = (env: Record<string, string>, choice: Partial<ReportChoice> = {}, errIsTty = true) => {
    const screen = new FakeScreen(100);
    const memory = memoryTerminal({ env });
    const terminal = { ...memory, stdout: screen, stderr: errIsTty ? screen : memory.stderr };
    const reporter = chooseReporter({ ...NORMAL, ...choice }, terminal, new Redactor());
    EVENTS.slice(0, -1).forEach(reporter.report);
    reporter.close();
    return screen.raw;
  };
  const isLive = (raw: string): boolean => raw.includes("\u001b[?2026h");

  test("the live view on a terminal", () => {
    expect(isLive(choose({}))).toBe(true);
  });

  test.each([
    ["in CI", { CI: "true" }, {}],
    ["on a terminal that cannot move its cursor", { TERM: "dumb" }, {}],
    ["with -v", {}, { verbose: true }],
    ["with -q", {}, { quiet: true }],
    ["with --json", {}, { json: true }],
  ])("lines that stay %s", (_, env, choice) => {
    expect(isLive(choose(env, choice))).toBe(false);
  });

  test("lines that stay when errors go elsewhere", () => {
    expect(isLive(choose({}, {}, false))).toBe(false);
  });

  test("colours on a terminal; none with NO_COLOR, nor off it; everywhere with FORCE_COLOR", () => {
    const red = "\u001b[31m";
    expect(choose({ CI: "1" })).toContain(red);
    expect(choose({ CI: "1", NO_COLOR: "1" })).not.toContain(red);
    const piped = memoryTerminal({ env: { FORCE_COLOR: "1" } });
    EVENTS.forEach(chooseReporter(NORMAL, piped, new Redactor()).report);
    expect(piped.err()).toContain(red);
    expect(told({}).err).not.toContain("\u001b");
  });
});

describe("JSON lines", () => {
  const lines = told({ json: true })
    .out.trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

  test("each event as it is, with its time", () => {
    expect(lines).toHaveLength(EVENTS.length);
    for (const [at, { time, ...fields }] of lines.entries()) {
      expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      const event = EVENTS[at] as Record<string, unknown>;
      expect(fields).toEqual(Object.fromEntries(Object.entries(event).map(([key, value]) => [key, value ?? null])));
    }
  });

  test("name and time come first, and nothing else is printed", () => {
    for (const line of lines) expect(Object.keys(line).slice(0, 2)).toEqual(["event", "time"]);
    expect(told({ json: true }).err).toBe("");
  });
});

describe("secrets", () => {
  const value = 'pass"word\nsecond line';
  const redactor = new Redactor();
  redactor.add(new Secret(value));
  const leaking: WorkEvent[] = [
    { event: "said", kind: "progress", text: `it is ${value}!` },
    { event: "host-output", title: "App Host", host: "app1", text: value },
    { event: "failed", code: "x", host: undefined, message: value, hint: value, details: [value] },
    { event: "command-started", id: "00000001", host: "app1", shown: `echo ${value}`, level: "info" },
    { event: "command-output", id: "00000001", host: "app1", stream: "stdout", line: value, level: "debug" },
  ];

  test.each<Partial<ReportChoice>>([{}, { verbose: true }, { quiet: true }, { json: true }, { raw: true }])(
    "do not get out, whatever way they came in: %o",
    (choice) => {
      const { out, err } = told(choice, leaking, redactor);
      expect(out + err).toContain("[REDACTED]");
      expect(out + err).not.toMatch(/pass\\*"word|second line/);
    },
  );

  test("nor in what is printed as it is", () => {
    const terminal = memoryTerminal();
    chooseReporter(NORMAL, terminal, redactor).print(`a ${value} b\n`);
    expect(terminal.out()).toBe("a [REDACTED] b\n");
  });
});
