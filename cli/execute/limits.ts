/** How long and how often the engine does what it does: named times and counts, with their units. */

export type ExecuteLimits = {
  /** Commands in flight at a time, one for each host. */
  readonly maxHostsAtOnce: number;
  /** Attempts in vain to reach a host, in a row, after which it counts as gone for the rest of the run. */
  readonly attemptsToReach: number;
  /** Between two signs of life of a lock's holder. */
  readonly lockBeatMs: number;
  /** Without a sign of life for this long, by the host's own clock, a lock is anybody's. */
  readonly lockTtlSeconds: number;
  /** A sign of life, an undo step and a look at a failure each end after this. */
  readonly cleanupTimeoutMs: number;
  /** Between two looks at a container that is to become ready. */
  readonly readinessPollMs: number;
  /** Between two looks at a container while the proxy checks it. */
  readonly watchPollMs: number;
  /** Times that Docker may have started a container anew before it is given up. */
  readonly maxRestarts: number;
  /** Lines of a failed container's log that are shown. */
  readonly failureLogLines: number;
  /** Lines of a failed command's output that are shown. */
  readonly failureOutputLines: number;
  /** A failed pull that may go well the next time: attempts in all, and the wait before the second, doubled each time. */
  readonly pullAttempts: number;
  readonly pullRetryMs: number;
  /** Entries of the release record that are kept on a host. */
  readonly keptReleases: number;
};

export const EXECUTE_LIMITS: ExecuteLimits = {
  maxHostsAtOnce: 64,
  attemptsToReach: 2,
  lockBeatMs: 10_000,
  lockTtlSeconds: 60,
  cleanupTimeoutMs: 60_000,
  readinessPollMs: 1_000,
  watchPollMs: 2_000,
  maxRestarts: 3,
  failureLogLines: 30,
  failureOutputLines: 20,
  pullAttempts: 3,
  pullRetryMs: 2_000,
  keptReleases: 100,
};
