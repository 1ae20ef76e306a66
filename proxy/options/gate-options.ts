/** How a service is paused or stopped: how long requests may wait, what visitors are told, how long a drain may take. */
import { OptionFields } from "./option-fields.ts";

export type PauseOptions = { readonly drainTimeoutMs: number; readonly maxPauseMs: number };
export type StopOptions = { readonly drainTimeoutMs: number; readonly message: string };

/** A maintenance message is kept in the state file and sent with every 503. */
export const MAX_MESSAGE_CHARACTERS = 16_384;

/** @throws ProxyError `invalid-options`, `pause options invalid: …`. */
export function readPauseOptions(value: unknown): PauseOptions {
  const fields = new OptionFields("pause", value);
  const options = { drainTimeoutMs: readDrainTimeout(fields), maxPauseMs: readMaxPause(fields) };
  fields.refuseUnknown();
  return options;
}

/** @throws ProxyError `invalid-options`, `stop options invalid: …`. */
export function readStopOptions(value: unknown): StopOptions {
  const fields = new OptionFields("stop", value);
  const options = { drainTimeoutMs: readDrainTimeout(fields), message: fields.string("message", "") };
  fields.refuseUnknown();
  if (options.message.length > MAX_MESSAGE_CHARACTERS) {
    throw fields.invalid(
      `message can have ${MAX_MESSAGE_CHARACTERS} characters at most, not ${options.message.length}`,
    );
  }
  return options;
}

function readDrainTimeout(fields: OptionFields): number {
  return fields.durationMs("drainTimeoutMs", 30_000, { positive: false, label: "drain-timeout" });
}

function readMaxPause(fields: OptionFields): number {
  return fields.durationMs("maxPauseMs", 30_000, { positive: false, label: "max-pause" });
}
