/** The Retry-After field → seconds (RFC 9110 §10.2.3). */
import { ISSUING_LIMITS } from "../limits.ts";

/** Null without a value that can be understood; a time that has passed is 0. Never more than the limit. */
export function retryAfterSeconds(value: unknown, nowMs: number): number | null {
  if (typeof value !== "string" || value.trim() === "") return null;
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : Math.ceil((Date.parse(value) - nowMs) / 1000);
  if (Number.isNaN(seconds)) return null;
  return Math.min(Math.max(seconds, 0), ISSUING_LIMITS.maxRetryAfterSeconds);
}
