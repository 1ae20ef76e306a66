/** The time of day and alarms, as one value: tests bring their own. */

export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once after `delayMs`; the returned function calls it off. Does not keep the process alive. */
  after(delayMs: number, wake: () => void): () => void;
};

export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  after(delayMs, wake) {
    const timer = setTimeout(wake, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
