/** The document says what the program does: commands, events and their fields, error codes, exit codes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../../cli/command/commands.ts";
import { EXIT_CODES } from "../../../cli/errors.ts";
import type { WorkEvent } from "../../../cli/execute/event.ts";

const root = join(import.meta.dirname, "../../..");
const readme = readFileSync(join(root, "cli/README.md"), "utf8");

/** The compiler demands every event and each of its fields, and no others. */
const FIELDS: { readonly [Event in WorkEvent as Event["event"]]: Record<Exclude<keyof Event, "event">, true> } = {
  "run-started": { command: true, version: true, destination: true, hosts: true, changes: true },
  "step-started": { id: true, title: true, hosts: true },
  "step-finished": { id: true, outcome: true, durationMs: true },
  "command-started": { id: true, host: true, shown: true, level: true },
  "command-output": { id: true, host: true, stream: true, line: true, level: true },
  "command-finished": { id: true, host: true, exitCode: true, durationMs: true, level: true },
  said: { kind: true, text: true, host: true },
  "host-output": { title: true, host: true, text: true },
  progress: { host: true, text: true },
  checked: { check: true, host: true, verdict: true, text: true, hint: true },
  differs: { host: true, subject: true, kind: true, text: true, remedy: true },
  failed: { code: true, host: true, message: true, hint: true, details: true },
  "run-finished": { exitCode: true, durationMs: true },
};

/** Cells of the rows below a heading, up to the next one, of the table with this first column. */
function rows(heading: string, column: string): string[][] {
  const [, after = ""] = readme.split(`\n## ${heading}\n`);
  const [section = ""] = after.split("\n## ");
  const [, table = ""] = section.split(`\n| ${column} |`);
  const [, ...lines] = table.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("|"));
  return lines.slice(1, end).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const codesIn = (file: string, type: string): string[] => {
  const [, union = ""] = new RegExp(`export type ${type} =([^;]+);`).exec(readFileSync(join(root, file), "utf8")) ?? [];
  return [...union.matchAll(/"([a-z-]+)"/g)].map(([, code]) => code as string);
};

describe("README", () => {
  test("has a row for every command that help lists, with its summary", () => {
    const listed = COMMANDS.filter((entry) => entry.hidden !== true).flatMap((entry) =>
      "commands" in entry
        ? entry.commands
            .filter((inner) => inner.hidden !== true)
            .map(({ name, summary }) => [`\`kdeploy ${entry.name} ${name}\``, summary])
        : [[`\`kdeploy ${entry.name}\``, entry.summary]],
    );
    expect(rows("Commands", "command")).toEqual(listed);
  });

  test("has the exit codes", () => {
    const documented = rows("Commands", "exit code").map(([code, name]) => [name, Number(code)]);
    expect(documented).toEqual([["", 0], ...Object.entries(EXIT_CODES)]);
  });

  test("has every event with its fields", () => {
    const documented = rows("Events", "event").map(([event = "", fields = ""]) => [
      event.replaceAll("`", ""),
      fields.split(", ").map((field) => field.replaceAll("`", "")),
    ]);
    expect(Object.fromEntries(documented)).toEqual(
      Object.fromEntries(Object.entries(FIELDS).map(([event, fields]) => [event, Object.keys(fields)])),
    );
  });

  test("has every error code, in order", () => {
    const codes = ["bug", ...codesIn("cli/errors.ts", "ErrorCode")];
    expect(codes.length).toBeGreaterThan(30);
    expect(rows("Events", "code").map(([code = ""]) => code.replaceAll("`", ""))).toEqual(
      [...new Set(codes)].toSorted(),
    );
  });
});
