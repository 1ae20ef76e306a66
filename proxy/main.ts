/** The program: arguments → exit code. The only place that ends the process. */
import { basename } from "node:path";
import { runProgram } from "./command/program.ts";
import { sayError, type Terminal } from "./command/terminal.ts";

/** A reader of our output that has stalled must not keep the process alive. */
const FLUSH_TIMEOUT_MS = 1_000;

export async function main(): Promise<void> {
  const [, script = "", ...args] = process.argv;
  const terminal: Terminal = {
    environment: process.env,
    programName: basename(script).startsWith("kamal-proxy") ? "kamal-proxy" : "kdeploy-proxy",
    stdout: process.stdout,
    stderr: process.stderr,
  };
  // A reader that has left (`kamal-proxy list | head`) is no reason to crash.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  const code = await runProgram(args, terminal).catch((error: unknown) => {
    sayError(terminal, error);
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
