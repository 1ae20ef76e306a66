/** What commands that run a command of the person's share: which options go together, variables, bytes and the terminal. */
import { Writable } from "node:stream";
import { KdeployError } from "../errors.ts";
import type { TerminalCommand } from "../execute/operation/app-exec.ts";
import type { RawOutput } from "../execute/operation/user-command.ts";
import type { Work } from "../execute/work.ts";
import type { Terminal } from "../report/terminal.ts";
import type { CommandContext } from "./command.ts";
import type { OptionTable } from "./options.ts";

export const EXEC_OPTIONS = {
  interactive: { kind: "bool", short: "i", help: "with this terminal, on the primary host" },
  raw: { kind: "bool", help: "its standard output as it is, byte for byte, and nothing else" },
} as const satisfies OptionTable;

/** Words as typed → the line for the server's shell. @throws KdeployError for an empty one */
export function commandLine(words: readonly string[]): string {
  const line = words
    .map((word) => word.trim())
    .filter((word) => word !== "")
    .join(" ");
  if (line !== "") return line;
  throw new KdeployError("argument-missing", "there is no command to run", { exitClass: "usage" });
}

/** @throws KdeployError for two of them, by their names */
export function checkExclusive(
  options: Readonly<Record<string, unknown>>,
  pairs: readonly (readonly [string, string])[],
): void {
  for (const [one, other] of pairs) {
    if (options[one] !== true || options[other] !== true) continue;
    throw new KdeployError("option-invalid", `--${one} and --${other} do not go together`, { exitClass: "usage" });
  }
}

/** `NAME:value`, or `NAME=value`. @throws KdeployError */
export function variables(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const [, name, value] = /^([A-Za-z_]\w*)[:=](.*)$/s.exec(word) ?? [];
      if (name !== undefined && value !== undefined) return [name, value];
      throw new KdeployError("option-invalid", `option --env takes NAME:VALUE, not ${JSON.stringify(word)}`, {
        exitClass: "usage",
      });
    }),
  );
}

/** What cannot be written yet is not read yet either. */
export function rawOutput(
  { stderr, stdout }: Terminal,
  { redact }: { readonly redact: (text: string) => string },
): RawOutput {
  return {
    onStdout: (bytes) => {
      if (stdout.write(bytes) !== false || !(stdout instanceof Writable) || stdout.destroyed) return undefined;
      return new Promise((resolve) => {
        const done = (): void => {
          stdout.off("drain", done);
          stdout.off("close", done);
          resolve();
        };
        stdout.on("drain", done);
        stdout.on("close", done);
      });
    },
    onStderrLine: (line) => void stderr.write(`${redact(line)}\n`),
  };
}

/** @returns the command's exit code */
export async function runInTerminal(
  work: Work,
  { host, line }: TerminalCommand,
  lendTerminal: CommandContext["lendTerminal"],
): Promise<number> {
  if (work.dryRun) {
    work.report({ event: "said", kind: "progress", text: `would run on ${host}: ${work.redactor.redact(line)}`, host });
    return 0;
  }
  return lendTerminal(() => work.host(host).interactive(line));
}
