/** How long and how often the engine does what it does: named times and counts, with their units. */

export type ExecuteLimits = {
  /** Commands in flight at a time, one for each host. */
  readonly maxHostsAtOnce: number;
  /** For a host that was not reached the last time to answer, before anything else is asked of it. */
  readonly reachAgainMs: number;
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
  /** For a server's port to lead here, and for that to end. */
  readonly forwardOpenMs: number;
  readonly forwardCloseMs: number;
  /** After the end of a log that is followed: between two looks for another container, how long to look, and how often the same one is followed anew. */
  readonly followPollMs: number;
  readonly followPatienceMs: number;
  readonly followAttempts: number;
  /** Files that are not committed, shown by name. */
  readonly changedFilesShown: number;
  /** For the question whether the registry has a version; then it is built. */
  readonly registryAnswerTimeoutMs: number;
  /** For the hook that is told of a failure. */
  readonly failureHookMs: number;
  /** Entries of the release record that are kept on a host. */
  readonly keptReleases: number;
};

/** Of the names of all files that a build gets. */
export const MAX_LISTING_BYTES = 64 * 1024 * 1024;

export const EXECUTE_LIMITS: ExecuteLimits = {
  maxHostsAtOnce: 64,
  reachAgainMs: 15_000,
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
  forwardOpenMs: 30_000,
  forwardCloseMs: 5_000,
  followPollMs: 1_000,
  followPatienceMs: 120_000,
  followAttempts: 5,
  changedFilesShown: 20,
  registryAnswerTimeoutMs: 30_000,
  failureHookMs: 60_000,
  keptReleases: 100,
};
