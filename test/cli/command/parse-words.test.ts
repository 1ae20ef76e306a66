import { describe, expect, test } from "vitest";
import { type OptionTable, SHARED_OPTIONS } from "../../../cli/command/options.ts";
import { type ParseRules, parseWords } from "../../../cli/command/parse-words.ts";
import { KdeployError } from "../../../cli/errors.ts";

const TABLE = {
  ...SHARED_OPTIONS,
  "skip-push": { kind: "bool", short: "P", help: "" },
  "no-cache": { kind: "bool", help: "" },
  publish: { kind: "bool", fallback: true, help: "" },
  interactive: { kind: "bool", short: "i", help: "" },
  lines: { kind: "number", short: "n", help: "" },
  grep: { kind: "string", short: "g", help: "" },
  env: { kind: "strings", short: "e", follow: /^[A-Za-z_]\w*:/, help: "" },
} as const satisfies OptionTable;

function parse(line: string | readonly string[], rules: Partial<ParseRules> = {}) {
  const words = typeof line === "string" ? line.split(" ").filter((word) => word !== "") : line;
  const { values, mentioned, args, rest } = parseWords(words, TABLE, { path: "kdeploy x", ...rules });
  return { given: Object.fromEntries([...mentioned].map((name) => [name, values[name]])), values, args, rest };
}

function refusal(line: string | readonly string[], rules: Partial<ParseRules> = {}): KdeployError {
  try {
    parse(line, rules);
  } catch (error) {
    if (error instanceof KdeployError) return error;
    throw error;
  }
  throw new Error(`accepted: ${String(line)}`);
}

describe("forms that the original understands", () => {
  test.each<[string, Record<string, unknown>, string[]]>([
    ["-d staging", { destination: "staging" }, []],
    ["-dstaging", { destination: "staging" }, []],
    ["-d=staging", { destination: "staging" }, []],
    ["--destination=staging", { destination: "staging" }, []],
    ["--config_file a.yml", { "config-file": "a.yml" }, []],
    ["--lock_wait_timeout=5", { "lock-wait-timeout": 5 }, []],
    ["-h a,b*", { hosts: "a,b*" }, []],
    ["-vp", { verbose: true, primary: true }, []],
    ["-vn5 x", { verbose: true, lines: 5 }, ["x"]],
    ["-n 5", { lines: 5 }, []],
    ["-P", { "skip-push": true }, []],
    ["--skip-push", { "skip-push": true }, []],
    ["--no-skip-push", { "skip-push": false }, []],
    ["--skip_push", { "skip-push": true }, []],
    ["--no-cache", { "no-cache": true }, []],
    ["--no-publish", { publish: false }, []],
    ["--skip-publish", { publish: false }, []],
    ["--no_publish", { publish: false }, []],
    ["--publish=false", { publish: false }, []],
    ["--publish false x", { publish: false }, ["x"]],
    ["--publish true", { publish: true }, []],
    ["--confirmed", { yes: true }, []],
    ["-y", { yes: true }, []],
    ["one -v two --grep x three", { verbose: true, grep: "x" }, ["one", "two", "three"]],
    ["-e A:1 B:2 cmd", { env: ["A:1", "B:2"] }, ["cmd"]],
    ["-e A:1 cmd -e B:2", { env: ["A:1", "B:2"] }, ["cmd"]],
    ["--grep= x", { grep: "" }, ["x"]],
    ["--grep -5", { grep: "-5" }, []],
    ["--grep=--x", { grep: "--x" }, []],
    ["-", {}, ["-"]],
    ["-5", {}, ["-5"]],
  ])("%s", (line, given, args) => {
    expect(parse(line)).toMatchObject({ given, args });
    expect(parse(line).given).toEqual(given);
  });

  test("a value may hold spaces and line breaks", () => {
    expect(parse(["--grep=a b\nc"]).given).toEqual({ grep: "a b\nc" });
    expect(parse(["--grep", "- a text"]).given).toEqual({ grep: "- a text" });
  });

  test("what is not given has its default", () => {
    const { values } = parse("");
    expect(values).toMatchObject({ verbose: false, publish: true, "config-file": "config/deploy.yml", env: [] });
    expect(values["lines"]).toBeUndefined();
  });

  test("the last one of two counts", () => {
    expect(parse("-d a --destination b").given).toEqual({ destination: "b" });
  });
});

describe("words of another program", () => {
  const rules = { passesOptions: true };

  test("options that are not ours are arguments once it has begun", () => {
    expect(parse("ls -la --color=auto", rules).args).toEqual(["ls", "-la", "--color=auto"]);
  });

  test("ours are taken from among them, as in the original", () => {
    expect(parse("rails console -i", rules)).toMatchObject({
      given: { interactive: true },
      args: ["rails", "console"],
    });
  });

  test("after -- all of them are its own", () => {
    expect(parse("-i -- rails -i -v --help", rules)).toMatchObject({
      given: { interactive: true },
      args: ["rails", "-i", "-v", "--help"],
    });
  });

  test("true and false are its own", () => {
    expect(parse("-i true", rules)).toMatchObject({ given: { interactive: true }, args: ["true"] });
  });

  test("an unknown option before it is refused, where the original ran it on every server", () => {
    const error = refusal("--bogus x", rules);
    expect(error.message).toBe("unknown option --bogus");
    expect(error.hint).toContain("put -- before");
  });
});

describe("what is refused", () => {
  test.each([
    ["--skip-psh", "option-unknown", "unknown option --skip-psh — did you mean --skip-push?"],
    ["--desination=x", "option-unknown", "unknown option --desination — did you mean --destination?"],
    ["-z", "option-unknown", "unknown option -z"],
    ["-vz", "option-unknown", "unknown option -vz"],
    ["-h", "option-invalid", "option -h needs a value: -h LIST"],
    ["--version", "option-invalid", "option --version needs a value: --version VERSION"],
    ["--grep --verbose", "option-invalid", "option --grep needs a value: --grep VALUE"],
    ["-n x", "option-invalid", 'option -n takes a whole number of at least 0, not "x"'],
    ["--lines -1", "option-invalid", 'option --lines takes a whole number of at least 0, not "-1"'],
    [
      "--lock-wait-interval=0",
      "option-invalid",
      'option --lock-wait-interval takes a whole number of at least 1, not "0"',
    ],
    ["--verbose=maybe", "option-invalid", 'option --verbose is true or false, not "maybe"'],
    ["--no-destination", "option-unknown", "unknown option --no-destination — did you mean --destination?"],
  ])("%s", (line, code, message) => {
    expect(refusal(line)).toMatchObject({ code, message, exitCode: 2 });
  });

  test("-h without hosts says where help is", () => {
    expect(refusal("-h").hint).toBe("-h selects hosts; help is --help");
  });
});

test("up to the first argument only", () => {
  expect(parse("-d x app -v boot", { untilFirstArgument: true })).toMatchObject({
    given: { destination: "x" },
    rest: ["app", "-v", "boot"],
  });
});
