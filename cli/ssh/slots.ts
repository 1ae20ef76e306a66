/** A number of places: whoever comes when all are taken waits, first come first served. */
export class Slots {
  #limit: number;
  #taken = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Resolves with what gives the place back. Rejects with the signal's reason. */
  async take(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    while (this.#taken >= this.#limit) {
      const turn = Promise.withResolvers<void>();
      const wake = (): void => turn.resolve();
      const abort = (): void => turn.reject(signal?.reason);
      this.#waiting.add(wake);
      signal?.addEventListener("abort", abort, { once: true });
      try {
        await turn.promise;
      } finally {
        this.#waiting.delete(wake);
        signal?.removeEventListener("abort", abort);
      }
    }
    this.#taken += 1;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#taken -= 1;
      this.#wakeOne();
    };
  }

  /** Fewer places from now on; those taken stay taken. */
  lower(limit: number): void {
    this.#limit = Math.max(1, Math.min(this.#limit, limit));
  }

  #wakeOne(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    this.#waiting.delete(first);
    first();
  }
}
