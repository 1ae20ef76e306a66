/** Handshakes whose certificate is still to be had: each name is asked for once at a time, each wait is bounded. */
import type { Limits } from "../limits.ts";

export class MissingCertificates {
  /** Whom to ask; null while there is nobody. */
  ask: ((name: string) => Promise<void>) | null = null;
  readonly #limits: Limits;
  /** Folded name → those who wait for it; a name stays until its promise settles, whoever still waits. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #waitingCount = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /**
   * Calls `onAnswer` when the promise has settled, or the wait is over; never from within this call.
   * @returns false when nobody can be asked, or too many wait already
   */
  wait(name: string, onAnswer: () => void): boolean {
    const { maxWaitingHandshakes, certificateWaitMs } = this.#limits;
    if (this.ask === null || this.#waitingCount >= maxWaitingHandshakes) return false;
    let waiting = this.#waiting.get(name);
    if (waiting === undefined) {
      if (this.#waiting.size >= maxWaitingHandshakes) return false;
      waiting = new Set();
      this.#waiting.set(name, waiting);
      void this.#settle(name, waiting, this.ask);
    }
    const here = waiting;
    const answered = (): void => {
      clearTimeout(timer);
      here.delete(answered);
      this.#waitingCount--;
      onAnswer();
    };
    const timer = setTimeout(answered, certificateWaitMs);
    timer.unref();
    here.add(answered);
    this.#waitingCount++;
    return true;
  }

  async #settle(name: string, waiting: Set<() => void>, ask: (name: string) => Promise<void>): Promise<void> {
    try {
      await ask(name);
    } catch {
      // Whoever is asked says why not; here it only means that there is nothing to wait for.
    }
    this.#waiting.delete(name);
    for (const answered of Array.from(waiting)) answered();
  }
}
