import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CommandOutput, MAX_LINE_LENGTH, printableLine } from "../../../cli/execute/command-output.ts";

function linesOf(chunks: readonly (string | Uint8Array)[]): string[] {
  const lines: string[] = [];
  const output = new CommandOutput({ onLine: (line) => void lines.push(line) });
  for (const chunk of chunks) void output.write("stdout", Buffer.from(chunk as string));
  output.finish();
  return lines;
}

describe("lines [CLI-15]", () => {
  test.each([
    ["split between chunks", ["on", "e\ntw", "o\n"], ["one", "two"]],
    ["without a last newline", ["one"], ["one"]],
    ["empty ones", ["\n\na\n"], ["", "", "a"]],
    ["CRLF", ["a\r\nb\r", "\n"], ["a", "b"]],
    ["a progress bar leaves its last state", ["10%\r50%\r100%\n"], ["100%"]],
  ] as const)("%s", (_, chunks, lines) => expect(linesOf(chunks)).toEqual(lines));

  test("a character split at any byte comes whole", () => {
    const bytes = Buffer.from("aü🦊z\n");
    for (let at = 0; at <= bytes.length; at++)
      expect(linesOf([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(["aü🦊z"]);
  });

  test("a line without an end comes in pieces", () => {
    const lines = linesOf(Array.from({ length: 10 }, () => "y".repeat(20_000)));
    expect(lines.join("")).toBe("y".repeat(200_000));
    expect(Math.max(...lines.map((line) => line.length))).toBe(MAX_LINE_LENGTH);
    expect(Math.max(...linesOf([`${"z".repeat(100_000)}\n`]).map((line) => line.length))).toBe(MAX_LINE_LENGTH);
  });

  test.each([
    ["\x1b[31mred\x1b[0m", "red"],
    ["\x1b]0;title\x07text", "text"],
    ["\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"],
    ["\x1b]52;c;stolen", ""],
    ["\x1bP1;2q payload\x1b\\after", "after"],
    ["\x9b31mc1\x9d0;t\x9cend", "c1end"],
    ["\x1bc\x1b(Breset", "reset"],
    ["tab\tstays, bell\x07 and back\x08space go", "tab\tstays, bell and backspace go"],
    ["\u202eturned\u2066", "turned"],
    ["\x1b", ""],
    ["\x1b[", ""],
    ["ü 🦊", "ü 🦊"],
  ])("%j is shown as %j", (line, shown) => expect(printableLine(line)).toBe(shown));

  test("whatever comes, nothing that drives a terminal is left", () => {
    const hostile = fc.array(
      fc.constantFrom("\x1b", "[", "]", "0", ";", "m", "\x07", "\\", "\x9b", "\x9c", "P", "\r", "a"),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(hostile, (parts) => {
        expect(printableLine(parts.join(""))).not.toMatch(/[\0-\x08\x0a-\x1f\x7f-\x9f]/);
      }),
      { numRuns: 2_000 },
    );
  });

  test("a long hostile line takes no long time", () => {
    const started = performance.now();
    printableLine("\x1b]".repeat(8_000));
    printableLine(`\x1b[${"0;".repeat(8_000)}`);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe("what is kept", () => {
  const kept = (keepBytes: number, chunks: readonly string[]) => {
    const output = new CommandOutput({ keepBytes });
    for (const chunk of chunks) void output.write("stdout", Buffer.from(chunk));
    return output.finish();
  };

  test("all of it, up to the bound", () => {
    expect(kept(10, ["01234", "56789"])).toEqual({ stdout: "0123456789", stderr: "", truncated: false });
  });

  test("beyond it the two ends, and how much is missing", () => {
    expect(kept(10, ["01234", "56789", "X"])).toEqual({
      stdout: "01234\n[… 1 bytes left out …]\n6789X",
      stderr: "",
      truncated: true,
    });
    expect(
      kept(
        10,
        Array.from({ length: 5_000 }, () => "abc"),
      ).stdout,
    ).toBe("abcab\n[… 14990 bytes left out …]\nbcabc");
  });

  test("no character is cut in two", () => {
    const { stdout } = kept(9, ["üüüü🦊🦊🦊🦊"]);
    expect(stdout).not.toContain("\ufffd");
    expect(stdout.startsWith("üü")).toBe(true);
    expect(stdout.endsWith("🦊")).toBe(true);
  });

  test("both streams have their own bound; raw output is not kept", () => {
    const raw: number[] = [];
    const output = new CommandOutput({ keepBytes: 4, onStdout: (bytes) => void raw.push(bytes.length) });
    void output.write("stdout", Buffer.from("123456"));
    void output.write("stderr", Buffer.from("abc"));
    expect(output.finish()).toEqual({ stdout: "", stderr: "abc", truncated: false });
    expect(raw).toEqual([6]);
  });
});
