/** The program: arguments → exit code. The only place that ends the process. */
import { runProgram } from "./command/program.ts";
import type { Terminal } from "./report/terminal.ts";

/** A reader of our output that has stalled must not keep the process alive. */
const FLUSH_TIMEOUT_MS = 1_000;

export async function main(): Promise<void> {
  const terminal: Terminal = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
  };
  // A reader that has left (`kdeploy audit | head`) is no reason to crash, or to end a deploy half done.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  const code = await runProgram(process.argv.slice(2), terminal).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  });
  setTimeout(() => process.exit(code), FLUSH_TIMEOUT_MS).unref();
  // Pipes are written asynchronously; exiting before they are would cut the last words off.
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(code);
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve();
    else stream.write("", () => resolve());
  });
}
