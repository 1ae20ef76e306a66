/** The program: arguments → exit code. Nothing else ends the process. */
import { endProcess, tolerateLostReaders } from "../shared/end-process.ts";
import { runProgram } from "./command/program.ts";
import type { Terminal } from "./report/terminal.ts";

export async function main(): Promise<void> {
  const terminal: Terminal = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
  };
  tolerateLostReaders();
  const code = await runProgram(process.argv.slice(2), terminal).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  });
  await endProcess(code);
}
