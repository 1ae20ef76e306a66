/** Runs the command line in this process, with streams that a test can read. */
import { runProgram } from "../../proxy/command/program.ts";
import { sayError, type Terminal } from "../../proxy/command/terminal.ts";

export type CommandRun = { readonly code: number; readonly stdout: string; readonly stderr: string };

export async function runCommandLine(
  args: readonly string[],
  options: { environment?: Record<string, string>; isTTY?: boolean } = {},
): Promise<CommandRun> {
  const written = { stdout: "", stderr: "" };
  const { isTTY = false } = options;
  const terminal: Terminal = {
    environment: options.environment ?? {},
    programName: "kamal-proxy",
    stdout: { isTTY, write: (text) => (written.stdout += text) },
    stderr: { isTTY, write: (text) => (written.stderr += text) },
  };
  const code = await runProgram(args, terminal).catch((error: unknown) => {
    sayError(terminal, error);
    return 1;
  });
  return { code, ...written };
}
