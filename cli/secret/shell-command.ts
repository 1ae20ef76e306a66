/** A line for this machine's shell → what it printed, or why it failed. Terminal prompts work: stdin stays the terminal's. */
import { KdeployError } from "../errors.ts";
import { type ProgramOptions, runProgram } from "./run-program.ts";

export type CommandOptions = Pick<ProgramOptions, "cwd" | "env" | "onStderr" | "timeoutMs" | "signal">;

export type RunCommand = (script: string, options: CommandOptions) => Promise<string>;

/** Standard output, byte for byte as UTF-8. @throws KdeployError `command-failed` with the last lines of stderr, `cancelled` */
export const runInShell: RunCommand = async (script, options) => {
  const { stdout, lastWords, failure } = await runProgram("/bin/sh", ["-c", script], options).catch(
    (error: unknown) => {
      if (error instanceof KdeployError) throw error;
      throw new KdeployError("command-failed", `cannot be run: ${error instanceof Error ? error.message : "no shell"}`);
    },
  );
  if (failure === undefined) return stdout;
  throw new KdeployError("command-failed", lastWords === "" ? failure : `${failure}:\n  ${lastWords}`);
};
