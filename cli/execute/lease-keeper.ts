/** A lock that is held: it is kept alive from now on, and says at once when it is lost. */
import { beatLease, LEASE_LOST, releaseLease } from "../remote/lease.ts";
import { say } from "./in-step.ts";
import { runCommand } from "./run-command.ts";
import type { Work } from "./work.ts";
import { CommandError, WorkError, wordsOf } from "./work-error.ts";

export class LeaseKeeper {
  readonly #work: Work;
  readonly #host: string;
  readonly #token: string;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #lastBeatMs = performance.now();
  #beating: Promise<void> | undefined;

  constructor(work: Work, host: string, token: string) {
    this.#work = work;
    this.#host = host;
    this.#token = token;
    this.#timer = setInterval(() => this.#beatInTime(), work.state.limits.lockBeatMs);
    this.#timer.unref();
  }

  /** Aborts, with an error for people, when somebody else may have the lock. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Right before what only the holder may do. @throws WorkError `lock-lost`; what a command on the host throws */
  async verify(): Promise<void> {
    if (!this.#lost.signal.aborted) await this.#beat();
    this.#lost.signal.throwIfAborted();
  }

  /** Never throws: what was to be done is done, and the lock ends by itself when it cannot be released. */
  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    await releaseOwnLock(this.#work, this.#host, this.#token);
  }

  #beatInTime(): void {
    this.#beating ??= this.#beat()
      .catch((error: unknown) => this.#missed(error))
      .finally(() => {
        this.#beating = undefined;
      });
  }

  async #beat(): Promise<void> {
    const from = performance.now();
    try {
      await runCommand(this.#work, this.#host, beatLease(this.#work.config, this.#token), {
        level: "debug",
        signal: null,
        timeoutMs: this.#work.state.limits.cleanupTimeoutMs,
      });
      this.#lastBeatMs = from;
    } catch (error) {
      if (!(error instanceof CommandError && error.exitCodeOfCommand === LEASE_LOST)) throw error;
      this.#lose(`The deploy lock on ${this.#host} is somebody else's now.`);
    }
  }

  #missed(error: unknown): void {
    const { lockTtlSeconds } = this.#work.state.limits;
    if (performance.now() - this.#lastBeatMs < lockTtlSeconds * 1000) {
      say(this.#work, "warning", `The deploy lock on ${this.#host} could not be kept alive: ${wordsOf(error)}`);
      return;
    }
    this.#lose(`The deploy lock on ${this.#host} could not be kept alive for ${lockTtlSeconds} s.`);
  }

  #lose(message: string): void {
    const hint = "Another deploy may be running: kdeploy lock status says who holds the lock.";
    this.#lost.abort(new WorkError("lock-lost", message, { host: this.#host, hint, exitClass: "locked" }));
  }
}

/** Nothing happens to a lock that is somebody else's. Never throws. */
export async function releaseOwnLock(work: Work, host: string, token: string): Promise<void> {
  const { cleanupTimeoutMs, lockTtlSeconds } = work.state.limits;
  const options = { level: "debug", signal: null, timeoutMs: cleanupTimeoutMs } as const;
  for (let again = false; ; again = true) {
    try {
      await runCommand(work, host, releaseLease(work.config, token), options);
      return;
    } catch (error) {
      const lost = error instanceof CommandError && error.exitCodeOfCommand === LEASE_LOST;
      // A lost connection is made anew, and the second of two releases finds nothing to do.
      if (!lost && !again) continue;
      const ends = `${wordsOf(error)}. It ends by itself ${lockTtlSeconds} s after its last sign of life`;
      say(
        work,
        "warning",
        `The deploy lock on ${host} was not released: ${lost ? "it is somebody else's now" : ends}.`,
      );
      return;
    }
  }
}
