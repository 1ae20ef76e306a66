/** When a certificate is ordered, renewed, asked about and warned of: arithmetic on times in ms since 1970, nothing else. */
import { createHash } from "node:crypto";
import { CERTIFICATE_LIMITS } from "../limits.ts";
import type { IssueProblemKind, RenewalWindow } from "./issue-protocol.ts";

const { maxSleepMs, minRenewalInfoMs, maxRenewalInfoMs, maxRetryAfterMs } = CERTIFICATE_LIMITS;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** Waits after the first, second, … failed attempt; the last one goes on. Source: reliability AC-02. */
const LADDER_MS = [1, 2, 2, 5, 10, 10, 20, 30, 60, 180, 360].map((minutes) => minutes * MINUTE_MS);
/** Up to this share is added, so that names that failed together do not all come back together. */
const LADDER_JITTER = 0.2;
/** Share of the lifetime after which a certificate is renewed when its authority does not say, and how it is spread. */
const RENEWAL_SHARE = 2 / 3;
const RENEWAL_JITTER = 0.05;
/** Certificates that somebody else renews are not warned of earlier than this, however long they live. */
const LONGEST_WARNING_MS = 30 * DAY_MS;

type Validity = { readonly notBeforeMs: number; readonly notAfterMs: number };

export type Failure = {
  readonly kind: IssueProblemKind;
  /** Failed attempts so far, this one included. */
  readonly attempts: number;
  readonly retryAfterSeconds: number | null;
};

/** @param random 0 to 1 */
export function nextAttemptMs(failure: Failure, nowMs: number, random: number): number {
  const step = LADDER_MS[Math.min(Math.max(failure.attempts, 1), LADDER_MS.length) - 1] ?? 0;
  const ladder = step * (1 + LADDER_JITTER * random);
  const asked = Math.min((failure.retryAfterSeconds ?? 0) * 1000, maxRetryAfterMs);
  const least = failure.kind === "rate-limited" ? HOUR_MS : 0;
  return nowMs + Math.max(ladder, asked, least);
}

/**
 * From when on a new order may be begun if there are to be at most `most` in an hour; 0 for at once.
 * @param begunMs the latest ones, the oldest first
 */
export function nextOrderMs(begunMs: readonly number[], most: number, nowMs: number): number {
  // What is in the future was noted while the clock was wrong.
  const oldest = begunMs.filter((atMs) => atMs > nowMs - HOUR_MS && atMs <= nowMs).at(-most);
  return oldest === undefined ? 0 : oldest + HOUR_MS;
}

/** A time that was set no more than `longestMs` ahead, or 0: the clock was wrong when it was set, and not for years. */
export function plausibleMs(atMs: number, longestMs: number, nowMs: number): number {
  return atMs > nowMs + longestMs ? 0 : atMs;
}

/** Two thirds into the lifetime, a little earlier or later by the hash of `seed`: the same seed gives the same moment. */
export function renewalMs({ notBeforeMs, notAfterMs }: Validity, seed: string): number {
  const fraction = createHash("sha256").update(seed).digest().readUInt32BE(0) / 2 ** 32;
  const share = RENEWAL_SHARE + (fraction * 2 - 1) * RENEWAL_JITTER;
  return notBeforeMs + (notAfterMs - notBeforeMs) * share;
}

/**
 * A moment within the window; the present when that has passed already. Undefined for a window that makes no sense, or
 * that would have the certificate expire. RFC 9773 §4.2.
 * @param random 0 to 1
 */
export function renewalWithin(
  window: RenewalWindow,
  { notAfterMs }: Validity,
  nowMs: number,
  random: number,
): number | undefined {
  const [start, end] = [Date.parse(window.start), Date.parse(window.end)];
  if (Number.isNaN(start) || Number.isNaN(end) || end < start || start >= notAfterMs) return undefined;
  return Math.max(nowMs, start + (Math.min(end, notAfterMs) - start) * random);
}

export function nextRenewalInfoMs(retryAfterSeconds: number | null, nowMs: number): number {
  const asked = (retryAfterSeconds ?? 6 * 60 * 60) * 1000;
  return nowMs + Math.min(Math.max(asked, minRenewalInfoMs), maxRenewalInfoMs);
}

/** From when on people are told that a certificate which is renewed by the proxy still is not. */
export function warningMs({ notBeforeMs, notAfterMs }: Validity): number {
  return notAfterMs - (notAfterMs - notBeforeMs) / 3;
}

/** The same for one that people renew. */
export function ownWarningMs(validity: Validity): number {
  return Math.max(warningMs(validity), validity.notAfterMs - LONGEST_WARNING_MS);
}

/** How long to sleep until `dueMs`: bounded, because clocks jump and timers overflow. */
export function sleepMs(dueMs: number, nowMs: number): number {
  const left = dueMs - nowMs;
  return left > 0 ? Math.min(Math.ceil(left), maxSleepMs) : 0;
}
