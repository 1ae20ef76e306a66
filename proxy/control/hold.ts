/**
 * A deploy that stops before its switch: its targets are healthy and stay checked, and somebody who deploys to several
 * servers decides when all of them are ready. Whoever prepares and goes away leaves nothing behind: the time runs out.
 */
import { ProxyError } from "../errors.ts";
import type { ProgressEvent, Report } from "./progress.ts";
import type { ServiceRecord } from "./service-record.ts";

export class Hold {
  /** Resolves when all targets are healthy. */
  readonly reached: PromiseWithResolvers<void> = Promise.withResolvers();
  /** What served before the switch; undefined for a new service. */
  before: ServiceRecord | undefined;
  readonly #decided = Promise.withResolvers<void>();
  readonly #ttlMs: number;
  #listener: Report;

  /** @param ttlMs from the moment when all targets are healthy */
  constructor(ttlMs: number, listener: Report) {
    this.#ttlMs = ttlMs;
    this.#listener = listener;
    // Whether anybody waits for them is not known here.
    this.reached.promise.catch(() => undefined);
    this.#decided.promise.catch(() => undefined);
  }

  /** Tells whoever is watching at the moment. */
  readonly report = (event: ProgressEvent): void => this.#listener(event);

  commit(listener: Report): void {
    this.#listener = listener;
    this.#decided.resolve();
  }

  abort(words: string): void {
    this.#decided.reject(new ProxyError("deploy-cancelled", `deploy cancelled: ${words}`));
  }

  /** Called by the deploy when its targets are healthy. @throws what ends it instead of a commit */
  async decision(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#decided.reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const timer = setTimeout(() => this.abort("nobody committed it in time"), this.#ttlMs);
    this.reached.resolve();
    try {
      await this.#decided.promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  }
}
