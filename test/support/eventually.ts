/** Waiting in tests: for a condition, with a deadline that names what did not happen. */

const POLL_MS = 3;

/** Resolves once `condition` holds. @throws when it still does not after `timeoutMs` */
export async function eventually(what: string, condition: () => boolean, timeoutMs = 3_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`did not happen within ${timeoutMs} ms: ${what}`);
    await pause(POLL_MS);
  }
}

export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}

/** Resolves with the value of `read` once it has not changed for `quietMs`. */
export async function settled(read: () => number, quietMs = 60): Promise<number> {
  for (;;) {
    const before = read();
    await pause(quietMs);
    if (read() === before) return before;
  }
}
