/** Waiting that a cancelled run does not wait for. */
import { setTimeout as wait } from "node:timers/promises";
import { WorkError } from "./work-error.ts";

/** @throws WorkError `cancelled` */
export async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(durationMs, undefined, { signal });
  } catch {
    throwIfCancelled(signal);
  }
}

/** The signal's reason, when that is an error for people. */
export function throwIfCancelled(signal: AbortSignal): void {
  if (!signal.aborted) return;
  const reason: unknown = signal.reason;
  throw reason instanceof WorkError ? reason : new WorkError("cancelled", "Cancelled.", { exitClass: "interrupted" });
}
