/** An exit code → the end of this process, once everything that was printed is out. */

/** A reader of our output that has stalled must not keep the process alive. */
const FLUSH_TIMEOUT_MS = 1_000;

/** A reader that has left (`… | head`) is no reason to crash, or to end what has begun half done. */
export function tolerateLostReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
}

/** Pipes are written asynchronously; exiting before they are would cut the last words off. */
export async function endProcess(code: number): Promise<never> {
  setTimeout(() => process.exit(code), FLUSH_TIMEOUT_MS).unref();
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  process.exit(code);
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve();
    else stream.write("", () => resolve());
  });
}
