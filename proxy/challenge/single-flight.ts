/**
 * Questions that cost something, asked with measure: of many who want to know the same, one asks and all hear; so many
 * questions at once and within a time; and what was heard is remembered for as long as it says.
 */
import { TokenBucket } from "./token-bucket.ts";

export type SingleFlightLimits = {
  /** Questions under way. */
  readonly maxAtOnce: number;
  /** New questions at once, and again within `refillMs`. */
  readonly burst: number;
  readonly refillMs: number;
  /** Answers that are remembered; the oldest make room. */
  readonly maxRemembered: number;
};

export type Heard<T> = {
  readonly value: T;
  /** How long it is remembered; 0 for not at all. */
  readonly keepMs: number;
};

type Flight<T> = {
  readonly outcome: Promise<T | null>;
  readonly land: (value: T | null) => void;
  readonly abort: AbortController;
  /** Those who still want to know. */
  callers: number;
};

export class SingleFlight<T> {
  readonly #limits: SingleFlightLimits;
  readonly #budget: TokenBucket;
  readonly #flights = new Map<string, Flight<T>>();
  readonly #remembered = new Map<string, { readonly value: T; readonly untilMs: number }>();

  constructor(limits: SingleFlightLimits) {
    this.#limits = limits;
    this.#budget = new TokenBucket(limits.burst, limits.refillMs);
  }

  /**
   * What is remembered of `key`, or what the question that is under way brings, or what `question` brings. Null when
   * nobody was asked because of the limits, when the question failed, or as soon as `signal` aborts; a question that
   * nobody waits for any more is aborted.
   */
  ask(key: string, question: (signal: AbortSignal) => Promise<Heard<T>>, signal?: AbortSignal): Promise<T | null> {
    if (signal?.aborted) return Promise.resolve(null);
    const remembered = this.#recall(key);
    if (remembered !== undefined) return Promise.resolve(remembered.value);
    let flight = this.#flights.get(key);
    if (flight === undefined) {
      if (this.#flights.size >= this.#limits.maxAtOnce || !this.#budget.take()) return Promise.resolve(null);
      flight = this.#start(key, question);
    }
    flight.callers++;
    return signal === undefined ? flight.outcome : this.#unless(signal, key, flight);
  }

  /** The answer has become known in another way: those who wait have it now. */
  settle(key: string, value: T): void {
    const flight = this.#flights.get(key);
    if (flight === undefined) return;
    this.#end(key, flight, value);
    flight.abort.abort();
  }

  get keysUnderWay(): Iterable<string> {
    return this.#flights.keys();
  }

  /** What was heard no longer counts. */
  forget(): void {
    this.#remembered.clear();
  }

  /** Ends all questions. */
  close(): void {
    for (const [key, flight] of this.#flights) {
      this.#end(key, flight, null);
      flight.abort.abort();
    }
  }

  #start(key: string, question: (signal: AbortSignal) => Promise<Heard<T>>): Flight<T> {
    const { promise, resolve } = Promise.withResolvers<T | null>();
    const flight: Flight<T> = { outcome: promise, land: resolve, abort: new AbortController(), callers: 0 };
    this.#flights.set(key, flight);
    question(flight.abort.signal).then(
      ({ value, keepMs }) => {
        // Whoever ended it before knew better, or nobody wanted to know.
        if (this.#flights.get(key) !== flight) return;
        this.#end(key, flight, value);
        if (keepMs > 0) this.#remember(key, value, keepMs);
      },
      () => this.#end(key, flight, null),
    );
    return flight;
  }

  #end(key: string, flight: Flight<T>, value: T | null): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
    flight.land(value);
  }

  #unless(signal: AbortSignal, key: string, flight: Flight<T>): Promise<T | null> {
    return new Promise((resolve) => {
      const leave = (): void => {
        resolve(null);
        if (--flight.callers > 0) return;
        this.#end(key, flight, null);
        flight.abort.abort();
      };
      signal.addEventListener("abort", leave, { once: true });
      void flight.outcome.then((value) => {
        signal.removeEventListener("abort", leave);
        resolve(value);
      });
    });
  }

  #recall(key: string): { readonly value: T } | undefined {
    const found = this.#remembered.get(key);
    if (found === undefined || found.untilMs > performance.now()) return found;
    this.#remembered.delete(key);
    return undefined;
  }

  #remember(key: string, value: T, keepMs: number): void {
    // Written anew, it is the youngest.
    this.#remembered.delete(key);
    if (this.#remembered.size >= this.#limits.maxRemembered) {
      const [oldest] = this.#remembered.keys();
      if (oldest !== undefined) this.#remembered.delete(oldest);
    }
    this.#remembered.set(key, { value, untilMs: performance.now() + keepMs });
  }
}
