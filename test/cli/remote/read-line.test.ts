import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { run } from "../../../cli/remote/app.ts";
import { liveWord, word } from "../../../cli/remote/conventions.ts";
import { wordsOf } from "../../../cli/remote/read-line.ts";
import { pairsOf, readRun } from "../../../cli/remote/read-run.ts";
import { quote, quoteLive } from "../../../cli/remote/shell.ts";
import { example, hostOf, roleOf } from "./example.ts";

/** As a real shell hands them on. */
function asShell(line: string, env: Readonly<Record<string, string>> = {}): string[] {
  const printed = execFileSync("/bin/sh", ["-c", `printf '%s\\0' ${line}`], { env, cwd: "/" });
  return printed.toString().split("\0").slice(0, -1);
}

describe("words of a line", () => {
  test("are those of a real shell, whatever they hold", () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from("ab '\"\\$`{}~*;|&<>()#!\n\té=")), maxLength: 12 });
    const forms = fc.constantFrom(quote, word, (one: string) => quoteLive(one.replaceAll("${", "{")));
    fc.assert(
      fc.property(fc.array(fc.tuple(text, forms), { minLength: 1, maxLength: 4 }), (parts) => {
        const line = parts.map(([one, form]) => form(one)).join(" ");
        const words = wordsOf(line);
        expect(words.map((one) => one.text)).toEqual(asShell(line));
        expect(words.every(({ live }) => !live)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  test("variables that are known here are filled in, others make their word live", () => {
    const home = { HOME: "/root", PWD: "/" };
    for (const volume of ["$PWD/data:/data", "${HOME}/a b:/c", "~/data:/data"]) {
      const line = liveWord(volume);
      expect(wordsOf(line, home).map(({ text }) => text)).toEqual(asShell(line, home));
      expect(wordsOf(line, home)[0]?.live).toBe(false);
    }
    expect(wordsOf('a "${REGION}" b', home).map(({ live }) => live)).toEqual([false, true, false]);
    expect(wordsOf("sh -c $(date) *.log a|b", home).map(({ live }) => live)).toEqual([false, false, true, true, true]);
  });
});

describe("a line that runs a container", () => {
  test("is read as Docker would", () => {
    const config = example(
      "servers: { web: { hosts: [1.1.1.1], cmd: 'bin/serve --port 3000 \"a b\"', options: { init: true, memory: 1g, cap-add: [A, B] } } }\nenv: { A: 'x = \"y\"', EMPTY: '' }\nvolumes: ['data:/data']",
    );
    const role = roleOf(config);
    const read = readRun(run(config, role, { version: "1", host: hostOf(role), exported: false }), "/root");
    expect(read.name).toBe("app-web-1");
    expect(read.image).toBe("ghcr.io/dhh/app:1");
    expect(read.command.map(({ text }) => text)).toEqual(["bin/serve", "--port", "3000", "a b"]);
    expect(read.flags.get("cap-add")?.map(({ text }) => text)).toEqual(["A", "B"]);
    expect(read.flags.get("init")?.map(({ text }) => text)).toEqual(["true"]);
    expect(Object.fromEntries([...pairsOf(read, "env")].map(([name, { text }]) => [name, text]))).toMatchObject({
      A: 'x = "y"',
      EMPTY: "",
      KAMAL_VERSION: "1",
    });
    expect([...pairsOf(read, "label").keys()]).toEqual(["service", "role", "destination"]);
  });

  test("any other line is none", () => {
    expect(() => readRun("docker stop app", "/root")).toThrow("no docker run");
  });
});
