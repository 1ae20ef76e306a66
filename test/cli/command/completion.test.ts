import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../../../cli/command/commands.ts";
import { type CompletedCommand, completionScript, SHELLS } from "../../../cli/command/completion-script.ts";
import { runProgram } from "../../../cli/command/program.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
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

const GROUPED: readonly CompletedCommand[] = [
  { path: ["app"], options: [], withValue: [] },
  { path: ["app", "boot"], options: [], withValue: [] },
  { path: ["app", "stale-containers"], options: ["stop"], withValue: [] },
  { path: ["app", "logs"], options: ["lines", "follow"], withValue: ["--lines", "-n"] },
  { path: ["rollback"], options: [], withValue: ["-c"] },
];

/** What is typed up to the tab, and the line as it is then. */
const COMPLETED: readonly (readonly [string, string])[] = [
  ["kdeploy rol", "kdeploy rollback"],
  ["kdeploy app sta", "kdeploy app stale-containers"],
  ["kdeploy help app bo", "kdeploy help app boot"],
  ["kdeploy app logs -n 5 --fo", "kdeploy app logs -n 5 --follow"],
  ["kdeploy app stale-containers --destin", "kdeploy app stale-containers --destination"],
  ["kdeploy -v rol", "kdeploy -v rollback"],
  ["kdeploy rollback -c depl", "kdeploy rollback -c deploy-of-mine.yml"],
];

function missing(shell: string): boolean {
  const isMissing = spawnSync(shell, ["--version"]).status !== 0 && !process.env["CI"];
  if (isMissing) process.stderr.write(`Completion in ${shell} is not tested: there is none.\n`);
  return isMissing;
}

async function folderWith(shell: string): Promise<string> {
  const folder = await temporaryDirectory();
  writeFileSync(join(folder, "completion"), completionScript(shell, GROUPED));
  writeFileSync(join(folder, "deploy-of-mine.yml"), "");
  return folder;
}

/** As in a terminal of one's own: the shell's output, without what a terminal would obey. */
function runIn(program: string, args: readonly string[], cwd: string): string {
  const env = { PATH: process.env["PATH"], HOME: cwd, TERM: "dumb", LC_ALL: "C.UTF-8" };
  const { stdout, stderr, status } = spawnSync(program, args, { cwd, env, encoding: "utf8", timeout: 60_000 });
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return stripVTControlCharacters(stdout);
}

describe.skipIf(missing("zsh"))("in zsh", () => {
  test.each(COMPLETED)("%s⇥", { timeout: 90_000 }, async (typed, completed) => {
    const folder = await folderWith("zsh");
    // A zsh in a terminal of a zsh's; the line is printed in place of being run.
    const program = `zmodload zsh/zpty && zpty -b inner zsh -f -i
zpty -w inner "PS1= PS2= RPS1=; unsetopt zle_bracketed_paste; source ./completion; echo begin"
zpty -r -m inner out "*begin*begin*"
zpty -w -n inner ${JSON.stringify(typed)}$'\\t'$'\\x01'"print -r -- '<"$'\\x05'">'"$'\\n'
zpty -r -m inner out "*<*>*<*>*"
print -r -- "$out"`;
    const printed = runIn("zsh", ["-f", "-c", program], folder);
    expect(/.*<(.*?)\s*>/s.exec(printed)?.[1]).toBe(completed);
  });
});

describe.skipIf(missing("fish"))("in fish", () => {
  const offeredBy = async (typed: string): Promise<string[]> => {
    const program = `source ./completion; complete -C ${JSON.stringify(typed)}`;
    return runIn("fish", ["--no-config", "-c", program], await folderWith("fish"))
      .split("\n")
      .filter((line) => line !== "");
  };

  test.each(COMPLETED)("%s⇥", { timeout: 90_000 }, async (typed, completed) => {
    expect(await offeredBy(typed)).toEqual([completed.split(" ").at(-1)]);
  });

  test("options are offered where one begins, and nowhere else", { timeout: 90_000 }, async () => {
    expect(await offeredBy("kdeploy app ")).toEqual(["boot", "logs", "stale-containers"]);
    expect(await offeredBy("kdeploy app logs --")).toEqual(expect.arrayContaining(["--lines", "--json"]));
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
