import { execFile, spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { runCommandLine } from "../../support/command-line.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const has = (shell: string) => spawnSync(shell, ["-c", "exit 0"]).status === 0;

async function script(shell: string): Promise<string> {
  const { code, stdout, stderr } = await runCommandLine(["completion", shell]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

/** What bash offers after these words, the last of which is being typed. */
async function offered(path: string, words: readonly string[]): Promise<string[]> {
  const program = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kamal_proxy; echo "\${COMPREPLY[*]}"`;
  const { stdout } = await promisify(execFile)("bash", ["-c", program, "bash", path, "kamal-proxy", ...words]);
  return stdout.trim().split(" ");
}

test("bash completes commands, commands of a group, and flags", async () => {
  const path = join(await temporaryDirectory(), "completion.bash");
  await writeFile(path, await script("bash"));
  expect(await offered(path, [""])).toEqual(
    expect.arrayContaining(["deploy", "list", "pause", "remove", "resume", "rollout", "run", "stop", "version"]),
  );
  expect(await offered(path, ["re"])).toEqual(["remove", "resume", "revert"]);
  expect(await offered(path, ["rollout", ""])).toEqual(["deploy", "set", "stop"]);
  expect(await offered(path, ["rollout", "set", "web", "--"])).toEqual(["--percent", "--list", "--help"]);
  expect(await offered(path, ["deploy", "web", "--buffer"])).toEqual([
    "--buffer-requests",
    "--buffer-responses",
    "--buffer-memory",
  ]);
  expect(await offered(path, ["stop", "--"])).toEqual(["--drain-timeout", "--message", "--help"]);
});

test.each(["bash", "zsh", "fish"])("%s can read its script", async (shell) => {
  const text = await script(shell);
  expect(text).toContain("kamal-proxy");
  if (!has(shell)) return;
  const path = join(await temporaryDirectory(), "completion");
  await writeFile(path, text);
  await promisify(execFile)(shell, ["-n", path]);
});

test("powershell gets one too, and every shell knows every flag", async () => {
  expect(await script("powershell")).toMatch(/^Register-ArgumentCompleter -Native -CommandName 'kamal-proxy'/);
  for (const shell of ["bash", "zsh", "fish", "powershell"]) {
    expect(await script(shell)).toContain("--tls-on-demand-url");
    expect(await script(shell)).toContain("rollout deploy");
  }
});

test("it is hidden: the overview does not name it, but it has help", async () => {
  expect((await runCommandLine([])).stdout).not.toContain("completion");
  const help = await runCommandLine(["completion"]);
  expect(help).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: kamal-proxy completion <bash\|zsh/) });
  expect(await runCommandLine(["completion", "--help"])).toEqual(help);
  expect(await runCommandLine(["help", "completion"])).toEqual(help);
});
