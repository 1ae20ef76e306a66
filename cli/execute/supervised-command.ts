/** One command from its start to its result: a way to start it in, `RunResult` out; its deadline, cancellation and output. */
import type { Secret } from "../secret/secret.ts";
import { CommandOutput, type OutputStream } from "./command-output.ts";
import type { RunOptions, RunResult } from "./host.ts";
import { cancelled, HostError, shortened } from "./host-error.ts";

export type StartedCommand = {
  /** Fulfilled when it ended and all output was handed on; rejected when that cannot be known any more. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly signal: string | null }>;
  /** Tells it to end, insists, and is fulfilled within seconds: did it end? */
  readonly end: () => Promise<boolean>;
};

export type CommandStart = {
  readonly input: Buffer | undefined;
  readonly onOutput: (stream: OutputStream, bytes: Uint8Array) => Promise<void> | undefined;
  /** Aborted before the command started: do not start it, and reject. */
  readonly signal: AbortSignal | undefined;
};

/** @throws HostError `cancelled`, `command-timed-out`, and what `start` and `ended` reject with. */
export async function supervise(
  host: string,
  command: string,
  options: RunOptions,
  start: (how: CommandStart) => Promise<StartedCommand>,
): Promise<RunResult> {
  const { signal, timeoutMs } = options;
  if (signal?.aborted) throw cancelled(host, command);
  const output = new CommandOutput(options);
  const startedAt = performance.now();
  const started = await start({
    input: inputBytes(options.input),
    onOutput: (stream, bytes) => output.write(stream, bytes),
    signal,
  });
  const stop = Promise.withResolvers<"cancelled" | "deadline">();
  const onAbort = (): void => stop.resolve("cancelled");
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => stop.resolve("deadline"), timeoutMs);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    const first = await Promise.race([started.ended, stop.promise]);
    if (typeof first === "object") return { ...first, ...output.finish(), durationMs: performance.now() - startedAt };
    const ended = await started.end();
    // Its end is known or given up: what comes of the promise now changes nothing.
    started.ended.catch(() => {});
    if (first === "cancelled") throw cancelled(host, command, !ended);
    throw timedOut(host, command, timeoutMs ?? 0, ended);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

export function inputBytes(input: string | Uint8Array | Secret | undefined): Buffer | undefined {
  if (input === undefined) return undefined;
  if (typeof input === "string") return Buffer.from(input, "utf8");
  return input instanceof Uint8Array
    ? Buffer.from(input.buffer, input.byteOffset, input.byteLength)
    : Buffer.from(input.reveal(), "utf8");
}

function timedOut(host: string, command: string, timeoutMs: number, ended: boolean): HostError {
  const fate = ended ? "It was ended." : "It could not be ended and may still be running there.";
  const seconds = timeoutMs >= 1000 ? `${Math.round(timeoutMs / 1000)} s` : `${timeoutMs} ms`;
  return new HostError(
    host,
    "command-timed-out",
    "deadline",
    `On ${host}, no end after ${seconds}: ${shortened(command)} ${fate}`,
  );
}
