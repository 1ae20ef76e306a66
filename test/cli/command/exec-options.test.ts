import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { commandLine, rawOutput, variables } from "../../../cli/command/exec-options.ts";
import { memoryTerminal } from "./memory-terminal.ts";

const redact = (text: string): string => text.replace("hush", "***");

describe("bytes of --raw", () => {
  test("wait for whoever reads them", async () => {
    const stdout = new PassThrough({ highWaterMark: 4 });
    const { onStdout } = rawOutput({ ...memoryTerminal(), stdout }, { redact });
    expect(onStdout(Buffer.from([0xff]))).toBeUndefined();
    const waiting = onStdout(Buffer.from("a long text"));
    expect(waiting).toBeInstanceOf(Promise);
    let over = false;
    void waiting?.then(() => {
      over = true;
    });
    await new Promise(setImmediate);
    expect(over).toBe(false);
    stdout.resume();
    await waiting;
    expect(stdout.listenerCount("drain")).toBe(0);
  });

  test("wait for nobody when the reader has left", async () => {
    const stdout = new PassThrough({ highWaterMark: 4 });
    const { onStdout } = rawOutput({ ...memoryTerminal(), stdout }, { redact });
    const waiting = onStdout(Buffer.from("a long text"));
    stdout.destroy();
    await waiting;
    stdout.on("error", () => undefined);
    expect(onStdout(Buffer.from("more, into the void"))).toBeUndefined();
  });

  test("are not looked into; what is said beside them is, for secrets", () => {
    const terminal = memoryTerminal();
    const { onStdout, onStderrLine } = rawOutput(terminal, { redact });
    void onStdout(Buffer.from("hush"));
    onStderrLine("hush");
    expect([terminal.out(), terminal.err()]).toEqual(["hush", "***\n"]);
  });
});

test("words become one line, as they were typed", () => {
  expect(commandLine(["rails", " runner ", "'puts 1'", ""])).toBe("rails runner 'puts 1'");
  expect(() => commandLine([" "])).toThrow("no command");
});

test("variables", () => {
  expect(variables(["A:1", "B=2", "C:a=b", "D=a:b", "E:", "F:x\ny"])).toEqual({
    A: "1",
    B: "2",
    C: "a=b",
    D: "a:b",
    E: "",
    F: "x\ny",
  });
  for (const wrong of ["A", "1:2", ":x", "A B:c"]) expect(() => variables([wrong])).toThrow("NAME:VALUE");
});
