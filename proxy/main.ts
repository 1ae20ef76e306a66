/** The program: arguments → exit code. Nothing else ends the process. */
import { basename } from "node:path";
import { endProcess, tolerateLostReaders } from "../shared/end-process.ts";
import { runProgram } from "./command/program.ts";
import { sayError, type Terminal } from "./command/terminal.ts";

export async function main(): Promise<void> {
  const [, script = "", ...args] = process.argv;
  const terminal: Terminal = {
    environment: process.env,
    programName: basename(script).startsWith("kamal-proxy") ? "kamal-proxy" : "kdeploy-proxy",
    stdout: process.stdout,
    stderr: process.stderr,
  };
  tolerateLostReaders();
  const code = await runProgram(args, terminal).catch((error: unknown) => {
    sayError(terminal, error);
    return 1;
  });
  await endProcess(code);
}
