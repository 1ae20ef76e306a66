import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CONFIG_LIMITS } from "../../../cli/config/limits.ts";
import { plainValue } from "../../../cli/config/tree.ts";
import { resolvePlain } from "../../../cli/config/yaml-dialect.ts";
import { ConfigError } from "../../../cli/errors.ts";
import { configOf, issuesOf, parsed, warningsOf } from "./written-config.ts";

function valueOf(text: string): unknown {
  return plainValue(parsed(text).root);
}

describe("unquoted values [CLI-18]", () => {
  test.each<[string, unknown, string?]>([
    ["yes", true],
    ["Yes", true],
    ["on", true],
    ["TRUE", true],
    ["no", false],
    ["NO", false],
    ["off", false],
    ["False", false],
    ["y", "y"],
    ["n", "n"],
    ["~", null],
    ["null", null],
    ["", null],
    ["12", 12],
    ["-3", -3],
    ["+5", 5],
    ["0", 0],
    ["1_000", 1000],
    ["40_000_000", 40_000_000],
    ["0x1f", 31],
    ["-0x1f", -31],
    ["0b11", 3],
    ["0b2", "0b2"],
    ["12345678901234567890", "12345678901234567890"],
    ["0644", "0644", "420"],
    ["08", "08"],
    ["22:22", "22:22", "1342"],
    ["12:34:56", "12:34:56", "45296"],
    ["8080:30", "8080:30", "484830"],
    ["6379:6379", "6379:6379"],
    ["1.5", "1.5"],
    ["1.10", "1.10", "1.1"],
    ["2.0", "2.0"],
    [".5", ".5", "0.5"],
    ["1e3", "1e3"],
    ["1.2.3", "1.2.3"],
    ["1,000", "1,000"],
    ["2024-01-02", "2024-01-02"],
    [":verbose", "verbose"],
    ["::1", "::1"],
    [":8080", ":8080"],
    ["10.0.0.1", "10.0.0.1"],
  ])("%s", (written, value, originalReads) => {
    const expected = originalReads === undefined ? { value } : { value, originalReads };
    expect<unknown>(resolvePlain(written)).toEqual(expected);
  });

  test("quotes and blocks make text", () => {
    expect(valueOf(`a: "12"\nb: 'yes'\nc: |\n  12\nd: !!str 12\ne: "~"`)).toEqual({
      a: "12",
      b: "yes",
      c: "12\n",
      d: "12",
      e: "~",
    });
  });

  test("never throws, and text stays what it is", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const { value } = resolvePlain(text);
        expect(typeof value === "string" ? [text, text.slice(1)] : [value]).toContain(value);
      }),
    );
  });
});

describe("warnings where the value is not what is written, or not what Kamal reads", () => {
  test.each<readonly [string, string]>([
    ["env: {A: 0644}", "1:10 env/A: 0644 is taken as it is written, but Kamal reads 420: put it in quotes"],
    ["env: {A: 22:22}", "1:10 env/A: 22:22 is taken as it is written, but Kamal reads 1342: put it in quotes"],
    ["env: {A: 1.10}", "1:10 env/A: 1.10 is taken as it is written, but Kamal reads 1.1: put it in quotes"],
    ["env: {A: yes}", "1:10 env/A: yes is passed on as true, as Kamal does: put it in quotes to keep it as it is"],
    ["env: {A: 0x1f}", "1:10 env/A: 0x1f is passed on as 31, as Kamal does: put it in quotes to keep it as it is"],
    ["env: {A: 1_000}", "1:10 env/A: 1_000 is passed on as 1000, as Kamal does: put it in quotes to keep it as it is"],
  ])("%s", (fragment, warning) => {
    expect(warningsOf(fragment)).toEqual([warning]);
  });

  test.each([
    "env: {A: true}",
    "env: {A: 12}",
    "env: {A: 2.0}",
    "env: {A: '0644'}",
    "require_destination: no",
    "deploy_timeout: 1_000",
  ])("none for %s", (fragment) => {
    expect(warningsOf(fragment)).toEqual([]);
  });

  test("a value that an alias repeats is warned of once", () => {
    expect(warningsOf("x-a: &a {A: 0644}\nenv: *a\nservers:\n  web: {hosts: [h], env: *a}")).toHaveLength(1);
  });
});

describe("booleans where booleans are expected", () => {
  test.each([
    ["yes", true],
    ["on", true],
    ["off", false],
    ["No", false],
  ])("allow_empty_roles: %s", (written, value) => {
    expect(configOf(`allow_empty_roles: ${written}`).allowEmptyRoles).toBe(value);
  });

  test("not in quotes", () => {
    expect(issuesOf('allow_empty_roles: "yes"')).toEqual(["1:20 allow_empty_roles: should be a boolean"]);
  });
});

describe("structure [CLI-18]", () => {
  test("aliases and merge keys", () => {
    expect(valueOf("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a")).toEqual({
      a: { x: 1, y: 2 },
      b: { x: 1, y: 3 },
      c: { x: 1, y: 2 },
    });
    expect(valueOf("a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc:\n  <<: [*a, *b]\n")).toMatchObject({ c: { x: 1, z: 3 } });
    expect(valueOf("a: &a one\nb: &a two\nc: *a")).toEqual({ a: "one", b: "two", c: "two" });
    expect(valueOf('"<<": {a: 1}')).toEqual({ "<<": { a: 1 } });
  });

  test("a key before << wins by the standard: where Kamal differs, a warning says so", () => {
    const { root, warnings } = parsed("a: &a {x: 1}\nb:\n  x: 2\n  <<: *a");
    expect(plainValue(root)).toMatchObject({ b: { x: 2 } });
    expect(warnings).toMatchObject([{ line: 3, column: 3, keyPath: "b/x" }]);
  });

  test("symbols as keys, and keys that look like other things, are text", () => {
    expect(valueOf(":web: 1\non: 2\n12: 3\n1.0: 4")).toEqual({ web: 1, on: 2, "12": 3, "1.0": 4 });
  });

  test.each<readonly [string, string, string]>([
    ["a key given twice", "a: 1\nb:\n  c: 1\n  c: 2", "4:3 b/c: key given twice"],
    [
      "a Ruby tag",
      "a: !ruby/object:Foo {}",
      "1:21 a: tag !ruby/object:Foo is not supported: values are text, numbers, booleans, lists and hashes",
    ],
    [
      "a JavaScript tag",
      "a: !!js/function 'f'",
      "1:18 a: tag tag:yaml.org,2002:js/function is not supported: values are text, numbers, booleans, lists and hashes",
    ],
    [
      "a binary tag",
      "a: !!binary aGk=",
      "1:13 a: tag tag:yaml.org,2002:binary is not supported: values are text, numbers, booleans, lists and hashes",
    ],
    ["a tab", "a:\n\tb: 1", "2:1 a tab cannot indent: use spaces"],
    [
      "a second document",
      "a: 1\n---\nb: 1",
      "2:1 a second document (---) begins here; one file holds one configuration",
    ],
    ["an alias without an anchor", "a: *b", "1:4 a: alias *b has no anchor"],
    ["an alias of what it is in", "a: &a [*a]", "1:8 a/0: alias *a contains itself"],
    ["<< of a text", "a: {<<: b}", "1:5 a: << should name a hash or a list of hashes"],
    ["a hash as a key", "? {a: b}\n: c", "1:3 a key should be text"],
    ["__proto__", "__proto__: {a: 1}", "1:1 __proto__ cannot be a key"],
  ])("%s is an error", (_what, text, issue) => {
    expect(issuesOf(text, { alone: true })).toContain(issue);
  });

  test("an alias bomb ends at the limit of values", () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) =>
        `l${i}: &l${i} [${
          i === 0
            ? "x"
            : Array(10)
                .fill(`*l${i - 1}`)
                .join(", ")
        }]`,
    );
    expect(issuesOf(levels.join("\n"), { alone: true })[0]).toContain(`more than ${CONFIG_LIMITS.maxValues} values`);
  });

  test.each([
    ["lists", "[".repeat(20_000)],
    ["hashes", "{a: ".repeat(20_000)],
    ["dashes", "- ".repeat(20_000)],
    ["closed lists", `${"[".repeat(100)}${"]".repeat(100)}`],
  ])("%s inside one another end at the limit of depth", (_kind, text) => {
    expect(issuesOf(text, { alone: true }).join("\n")).toContain(`nested deeper than ${CONFIG_LIMITS.maxDepth} levels`);
  });

  test("any text is read, or refused with a line and a column", () => {
    const piece = fc.oneof(
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.constantFrom(
        "a: ",
        "b:\n  ",
        "- ",
        "\n",
        "&x ",
        "*x",
        "<<: ",
        "[",
        "]",
        "{",
        "}",
        "!t ",
        "|",
        '"',
        "'",
        "? ",
        ": ",
        "---\n",
        "#",
        "%",
        "service: app\n",
        "servers:\n",
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join("");
        try {
          expect(issuesOf(text, { alone: true }).every((issue) => /^\d+:\d+ /.test(issue))).toBe(true);
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
