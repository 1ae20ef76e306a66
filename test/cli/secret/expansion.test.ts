import { spawnSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDotenv } from "../../../cli/secret/dotenv.ts";
import { expandVariables, splitAtCommands, splitWords } from "../../../cli/secret/expansion.ts";

describe("splitting a value at its commands", () => {
  test.each([
    ["a$(b)c", [{ text: "a" }, { command: "b" }, { text: "c" }]],
    ["$(a)$(b)", [{ command: "a" }, { command: "b" }]],
    ["$(a $(b) (c))", [{ command: "a $(b) (c)" }]],
    ["x\\$(a)y", [{ text: "x$(a)y" }]],
    ["$(echo \\))", [{ command: "echo \\)" }]],
    ["$(a", [{ text: "$(a" }]],
    ["$(a $(b)", [{ text: "$(a " }, { command: "b" }]],
    ["$() )", [{ text: "$() )" }]],
    ["", []],
  ])("%s", (value, pieces) => {
    expect(splitAtCommands(value)).toEqual(pieces);
  });
});

test("variables are replaced once", () => {
  expect(expandVariables("$A-${A}-\\$A-$(A)-${}", (name) => (name === "A" ? "$A" : undefined))).toBe(
    "$A-$A-$A-$(A)-${}",
  );
});

describe("words, as a shell splits them", () => {
  test.each([
    ["a  b\tc", ["a", "b", "c"]],
    ["'a b' \"c d\"", ["a b", "c d"]],
    ["a'b'\"c\"d", ["abcd"]],
    ["a\\ b '' \\'", ["a b", "", "'"]],
    ['"a\\"b\\c"', ['a"b\\c']],
    ["", []],
  ])("%s", (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });

  test.each(["'a", '"a', "a\\"])("%s is not closed", (line) => {
    expect(() => splitWords(line)).toThrow(RangeError);
  });

  test("the same as a real shell makes of quotes and backslashes", () => {
    const piece = fc.constantFrom("a", "b", " ", "'", '"', "\\", "é", "-");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const line = pieces.join("");
        const shell = spawnSync("/bin/sh", ["-c", `printf '%s\\0' x ${line}`], { encoding: "utf8" });
        fc.pre(shell.status === 0 && !line.endsWith("\\"));
        expect(["x", ...splitWords(line)]).toEqual(shell.stdout.split("\0").slice(0, -1));
      }),
      { numRuns: 150 },
    );
  });
});

/** Quadratic, each of these would outlast the test. */
test.each(["\n", " ", "A ", "A='\n", 'A="b\\"\n', "$(", "export ", "A=\n'"])("400 KB of %j are read", (shape) => {
  const text = shape.repeat(400_000 / shape.length);
  const values = parseDotenv(text, "secrets", false).map((entry) => entry.value);
  const pieces = [text, ...values].flatMap(splitAtCommands);
  expect(pieces.map((piece) => ("text" in piece ? piece.text : "")).join("")).toBe([text, ...values].join(""));
});
