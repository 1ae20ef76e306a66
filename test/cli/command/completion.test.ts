import { spawnSync } from "node:child_process";
import { beforeAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../../../cli/command/commands.ts";
import { type CompletedCommand, completionScript, SHELLS } from "../../../cli/command/completion-script.ts";
import { runProgram } from "../../../cli/command/program.ts";
import { memoryTerminal } from "./memory-terminal.ts";

async function script(shell: string): Promise<{ exitCode: number; out: string; err: string }> {
  const terminal = memoryTerminal();
  const exitCode = await runProgram(["completion", shell], terminal);
  return { exitCode, out: terminal.out(), err: terminal.err() };
}

/** What a real bash offers for the last of the words. */
function offered(completion: string, ...words: string[]): string[] {
  const program = `${completion}
COMP_WORDS=(kdeploy "$@")
COMP_CWORD=$#
_kdeploy
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["--norc", "-c", program, "bash", ...words], {
    encoding: "utf8",
  });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return stdout.split("\n").filter((line) => line !== "");
}

describe("in bash", () => {
  let bash = "";
  beforeAll(async () => {
    bash = (await script("bash")).out;
  });

  test("commands, without hidden ones", () => {
    const visible = COMMANDS.filter((entry) => entry.hidden !== true).map(({ name }) => name);
    expect(offered(bash, "")).toEqual([...visible, "help"]);
    expect(offered(bash, "rol")).toEqual(["rollback"]);
  });

  test("a command's own options, and those of every command", () => {
    const options = offered(bash, "deploy", "--");
    expect(options).toEqual(expect.arrayContaining(["--skip-push", "--dry-run", "--destination", "--json"]));
    expect(offered(bash, "deploy", "--skip-p")).toEqual(["--skip-push"]);
  });

  test("options before the command, with their values, do not confuse it", () => {
    expect(offered(bash, "-d", "staging", "-v", "rol")).toEqual(["rollback"]);
    expect(offered(bash, "-d", "staging", "deploy", "-p", "--no-c")).toEqual(["--no-cache"]);
  });

  test("a value is left to the shell", () => {
    expect(offered(bash, "deploy", "-c", "")).toEqual([]);
  });

  test("help is followed by commands", () => {
    expect(offered(bash, "help", "rol")).toEqual(["rollback"]);
  });

  test("commands of a group", () => {
    const commands: CompletedCommand[] = [
      { path: ["app"], options: [], withValue: [] },
      { path: ["app", "boot"], options: [], withValue: [] },
      { path: ["app", "logs"], options: ["lines", "follow"], withValue: ["--lines", "-n"] },
    ];
    const grouped = completionScript("bash", commands);
    expect(offered(grouped, "app", "")).toEqual(["boot", "logs"]);
    expect(offered(grouped, "app", "logs", "-n", "5", "--f")).toEqual(["--follow"]);
  });
});

test.each(SHELLS)("%s: a script", async (shell) => {
  const { exitCode, out } = await script(shell);
  expect(exitCode).toBe(0);
  expect(out).toContain("rollback");
});

test("of another shell there is none", async () => {
  expect(await script("tcsh")).toMatchObject({ exitCode: 2, out: "", err: expect.stringContaining("bash, zsh, fish") });
});
