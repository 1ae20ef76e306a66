/** Whether a service is running, paused or stopped, as the state file says it. */
import { isJsonObject } from "../options/option-fields.ts";

export type SavedGate =
  | { readonly state: "running" }
  | { readonly state: "paused"; readonly maxPauseMs: number }
  | { readonly state: "stopped"; readonly message: string };

export const RUNNING: SavedGate = { state: "running" };

/** @throws Error when the value is none of the three */
export function readGate(value: unknown): SavedGate {
  if (isJsonObject(value)) {
    const { state, maxPauseMs, message } = value;
    if (state === "running") return RUNNING;
    if (state === "paused" && typeof maxPauseMs === "number" && maxPauseMs >= 0) return { state, maxPauseMs };
    if (state === "stopped" && typeof message === "string") return { state, message };
  }
  throw new Error("the gate is neither running, paused nor stopped");
}
