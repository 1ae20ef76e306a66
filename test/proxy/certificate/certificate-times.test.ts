import { describe, expect, test } from "vitest";
import {
  nextAttemptMs,
  nextOrderMs,
  nextRenewalInfoMs,
  ownWarningMs,
  plausibleMs,
  renewalMs,
  renewalWithin,
  sleepMs,
  warningMs,
} from "../../../proxy/certificate/certificate-times.ts";
import { CERTIFICATE_LIMITS } from "../../../proxy/limits.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2030, 0, 1);

describe("the ladder", () => {
  test("1, 2, 2, 5, 10, 10, 20, 30, 60 minutes, 3 and 6 hours, and 6 hours from then on [AC-02]", () => {
    const waits = Array.from({ length: 13 }, (_, index) => {
      const failure = { kind: "dns", attempts: index + 1, retryAfterSeconds: null } as const;
      return (nextAttemptMs(failure, NOW, 0) - NOW) / MINUTE;
    });
    expect(waits).toEqual([1, 2, 2, 5, 10, 10, 20, 30, 60, 180, 360, 360, 360]);
  });

  test("jitter only adds, a fifth at most", () => {
    const failure = { kind: "dns", attempts: 5, retryAfterSeconds: null } as const;
    expect(nextAttemptMs(failure, NOW, 1) - NOW).toBe(12 * MINUTE);
  });

  test("an authority's wish counts when it is later, up to a week; a rate limit is an hour at least [AC-03]", () => {
    const after = (kind: "dns" | "rate-limited", retryAfterSeconds: number | null) =>
      nextAttemptMs({ kind, attempts: 1, retryAfterSeconds }, NOW, 0) - NOW;
    expect(after("dns", 600)).toBe(10 * MINUTE);
    expect(after("dns", 3)).toBe(MINUTE);
    expect(after("rate-limited", 3)).toBe(HOUR);
    expect(after("rate-limited", 2 * 3600)).toBe(2 * HOUR);
    expect(after("rate-limited", 1e12)).toBe(CERTIFICATE_LIMITS.maxRetryAfterMs);
  });
});

describe("renewal", () => {
  test.each([
    ["90 days", 90 * DAY],
    ["45 days", 45 * DAY],
    ["6 days", 6 * DAY],
    ["10 seconds", 10 * SECOND],
  ])("two thirds into %s, give or take a twentieth, always the same for one certificate [AC-07]", (_, lifetime) => {
    const validity = { notBeforeMs: NOW, notAfterMs: NOW + lifetime };
    const shares = Array.from({ length: 200 }, (_, seed) => (renewalMs(validity, `name ${seed}`) - NOW) / lifetime);
    for (const share of shares) expect(Math.abs(share - 2 / 3)).toBeLessThanOrEqual(0.05);
    expect(new Set(shares).size, "they do not all come at once").toBeGreaterThan(150);
    expect(renewalMs(validity, "x")).toBe(renewalMs(validity, "x"));
  });

  const window = (start: number, end: number) => ({
    start: new Date(start).toISOString(),
    end: new Date(end).toISOString(),
    explanationUrl: "",
  });
  const validity = { notAfterMs: NOW + 30 * DAY, notBeforeMs: NOW - 60 * DAY };

  test("somewhere in the authority's window; at once when that is over [AC-07]", () => {
    expect(renewalWithin(window(NOW + DAY, NOW + 3 * DAY), validity, NOW, 0.5)).toBe(NOW + 2 * DAY);
    expect(renewalWithin(window(NOW - 3 * DAY, NOW - DAY), validity, NOW, 0.5)).toBe(NOW);
  });

  test("a window that makes no sense, or comes after the end, is none", () => {
    expect(renewalWithin(window(NOW + DAY, NOW), validity, NOW, 0.5)).toBeUndefined();
    expect(renewalWithin(window(NOW + 30 * DAY, NOW + 40 * DAY), validity, NOW, 0.5)).toBeUndefined();
    expect(renewalWithin({ start: "soon", end: "later", explanationUrl: "" }, validity, NOW, 0.5)).toBeUndefined();
    expect(renewalWithin(window(NOW + 20 * DAY, NOW + 90 * DAY), validity, NOW, 1)).toBe(NOW + 30 * DAY);
  });

  test("the authority is asked again when it says so, between an hour and a day [AC-07]", () => {
    expect(nextRenewalInfoMs(1, NOW) - NOW).toBe(HOUR);
    expect(nextRenewalInfoMs(7200, NOW) - NOW).toBe(2 * HOUR);
    expect(nextRenewalInfoMs(1e9, NOW) - NOW).toBe(DAY);
    expect(nextRenewalInfoMs(null, NOW) - NOW).toBe(6 * HOUR);
  });
});

test("warnings begin with a third of the life left; for those that people renew, not before the last 30 days [AC-06]", () => {
  const quarter = { notBeforeMs: NOW, notAfterMs: NOW + 90 * DAY };
  expect(warningMs(quarter)).toBe(NOW + 60 * DAY);
  expect(ownWarningMs(quarter)).toBe(NOW + 60 * DAY);
  expect(ownWarningMs({ notBeforeMs: NOW, notAfterMs: NOW + 3650 * DAY })).toBe(NOW + 3620 * DAY);
});

test("no sleep is longer than an hour, so clocks may jump and timers never overflow", () => {
  expect(sleepMs(NOW + 10 * 365 * DAY, NOW)).toBe(HOUR);
  expect(sleepMs(Number.POSITIVE_INFINITY, NOW)).toBe(HOUR);
  expect(sleepMs(NOW + 0.5, NOW)).toBe(1);
  expect(sleepMs(NOW - DAY, NOW)).toBe(0);
  expect(CERTIFICATE_LIMITS.maxSleepMs).toBe(HOUR);
});

test("so many orders in any hour; what a wrong clock noted does not count [AC-03]", () => {
  const begun = [NOW - 70 * MINUTE, NOW - 50 * MINUTE, NOW - 10 * MINUTE, NOW];
  expect(nextOrderMs(begun, 4, NOW)).toBe(0);
  expect(nextOrderMs(begun, 3, NOW)).toBe(NOW + 10 * MINUTE);
  expect(nextOrderMs(begun, 2, NOW)).toBe(NOW + 50 * MINUTE);
  expect(nextOrderMs(begun, 3, NOW + 10 * MINUTE)).toBe(0);
  expect(nextOrderMs(begun, 1, NOW - 2 * HOUR)).toBe(0);
});

test("a time further ahead than it can have been set is none", () => {
  expect(plausibleMs(NOW + DAY, DAY, NOW)).toBe(NOW + DAY);
  expect(plausibleMs(NOW + DAY + 1, DAY, NOW)).toBe(0);
});
