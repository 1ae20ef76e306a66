/** Who holds a deploy lock, in words: the details that a lock has and what the host says of its age in, sentences out. */
import type { Lease } from "../remote/lease.ts";

/** By this message an automatic lock is told from one that a person took. The original's. */
export const AUTOMATIC_LOCK = "Automatic deploy lock";

export type LockHolder = {
  readonly by: string | undefined;
  readonly version: string | undefined;
  readonly message: string | undefined;
  /** From here on undefined for a Kamal CLI's lock. */
  readonly host: string | undefined;
  readonly pid: string | undefined;
  readonly run: string | undefined;
};

export function holderOf(details: string): LockHolder {
  const value = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(details)?.[1];
  return {
    by: value("Locked by"),
    version: value("Version"),
    message: value("Message"),
    host: value("Host"),
    pid: value("Pid"),
    run: value("Run"),
  };
}

/** One whose details are just being written, or removed, is not a person's. */
export function isAutomatic({ details }: Lease): boolean {
  return details === "" || details.includes(AUTOMATIC_LOCK);
}

/** Its holder has given no sign of life for longer than that, so it is anybody's. Never a Kamal CLI's lock. */
export function isStale({ beat }: Lease, ttlSeconds: number): boolean {
  return beat !== undefined && beat.ageSeconds > ttlSeconds;
}

/** Lines for people: who, what for, and whether they are alive. */
export function describeLock(lease: Lease, ttlSeconds: number): string[] {
  const { by, version, message, host, pid, run } = holderOf(lease.details);
  const { beat } = lease;
  const place = host === undefined ? [] : [`It runs on ${host}${pid === undefined ? "" : `, process ${pid}`}.`];
  return [
    `Locked by ${by ?? "somebody who left no name"}${version === undefined ? "" : `, for version ${version}`}.`,
    ...(message === undefined ? [] : [`Message: ${message}`]),
    ...place,
    ...(run === undefined ? [] : [`Its CI run: ${run}`]),
    beat === undefined
      ? "It gives no signs of life, like a Kamal CLI's lock or one that a person took: it stays until it is released."
      : beat.ageSeconds > ttlSeconds
        ? `Its last sign of life was ${beat.ageSeconds} s ago: it is stale, and the next one who wants it gets it.`
        : `Its last sign of life was ${Math.max(beat.ageSeconds, 0)} s ago.`,
  ];
}
