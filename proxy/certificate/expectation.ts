/** A deploy and the certificates that it needs: begun at once, waited for after the switch, reported in sentences. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ManagedCertificate } from "./managed-certificate.ts";

export type Expectation = {
  /**
   * Resolves when the first attempt for each missing certificate has ended, or the time is over.
   * @returns a sentence for each that is still missing, after what was found at the beginning
   */
  settled(wait: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<readonly string[]>;
  /** The deploy is over: what no service wishes for now is forgotten. */
  release(): Promise<void>;
};

export const NOTHING_EXPECTED: Expectation = {
  settled: () => Promise.resolve([]),
  release: () => Promise.resolve(),
};

export type ExpectedParts = {
  readonly certificates: readonly ManagedCertificate[];
  readonly warnings: readonly string[];
  readonly report: (name: string, text: string) => void;
  readonly wake: () => void;
  readonly release: () => Promise<void>;
};

export class Expected implements Expectation {
  readonly #parts: ExpectedParts;
  readonly #forget: (() => void)[];
  readonly #missing: readonly ManagedCertificate[];

  constructor(parts: ExpectedParts) {
    this.#parts = parts;
    this.#missing = parts.certificates.filter(({ isValid }) => !isValid);
    this.#forget = this.#missing.map((one) => one.observe((text) => parts.report(one.name, text)));
  }

  /** Orders what is missing, unless it failed lately for a reason that no deploy can cure. */
  begin(): this {
    for (const certificate of this.#missing) certificate.forgiveProblem();
    this.#parts.wake();
    return this;
  }

  async settled({ timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }): Promise<readonly string[]> {
    const late = new AbortController();
    const orders = this.#missing.filter(({ isOrdering }) => isOrdering).map((one) => one.order());
    const ending = AbortSignal.any([signal, late.signal]);
    const timer = sleep(timeoutMs, undefined, { signal: ending }).catch(() => undefined);
    await Promise.race([Promise.all(orders), timer]);
    late.abort();
    const missing = this.#missing.filter(({ isValid }) => !isValid);
    return [...this.#parts.warnings, ...missing.map((one) => sentence(one))];
  }

  async release(): Promise<void> {
    for (const forget of this.#forget) forget();
    await this.#parts.release();
  }
}

function sentence({ name, pair, memory, isOrdering }: ManagedCertificate): string {
  const { problem, nextAttemptMs } = memory;
  const why = problem.kind === "" ? "" : `: ${problem.detail}`;
  const state = pair === null ? `there is no certificate for ${name} yet` : `the certificate for ${name} has expired`;
  if (isOrdering) return `${state}${why}; the order is still under way`;
  return `${state}${why}; next attempt at ${new Date(nextAttemptMs).toISOString()}`;
}
