/** Keeps lines that say the same thing from flooding the log: a few a second pass, the rest becomes a count. */

type Kind<T> = {
  startedAt: number;
  passed: number;
  suppressed: number;
  /** What the line with the count is made from. */
  readonly sample: T;
};

const WINDOW_MS = 1_000;
const ALL_OTHERS = "";

export class BurstLimit<T> {
  /** How many were held back, ever. */
  suppressed = 0;
  readonly #perSecond: number;
  readonly #maxKinds: number;
  readonly #report: (sample: T, suppressed: number) => void;
  readonly #kinds = new Map<string, Kind<T>>();
  #reportDue = false;

  /** @param report called about a second after the first of a kind was held back, with their number */
  constructor(perSecond: number, maxKinds: number, report: (sample: T, suppressed: number) => void) {
    this.#perSecond = perSecond;
    this.#maxKinds = maxKinds;
    this.#report = report;
  }

  /** False when `perSecond` of this kind have passed within a second. */
  admit(name: string, sample: T): boolean {
    const now = performance.now();
    const kind = this.#kind(name, sample, now);
    if (kind.passed < this.#perSecond) {
      kind.passed++;
      return true;
    }
    kind.suppressed++;
    this.suppressed++;
    if (!this.#reportDue) setTimeout(() => this.#tell(), WINDOW_MS).unref();
    this.#reportDue = true;
    return false;
  }

  #kind(given: string, sample: T, now: number): Kind<T> {
    let name = given;
    let kind = this.#kinds.get(name);
    if (kind === undefined && this.#kinds.size >= this.#maxKinds) {
      this.#forgetQuiet(now);
      if (this.#kinds.size >= this.#maxKinds) {
        name = ALL_OTHERS;
        kind = this.#kinds.get(name);
      }
    }
    if (kind === undefined) {
      kind = { startedAt: now, passed: 0, suppressed: 0, sample };
      this.#kinds.set(name, kind);
    } else if (now - kind.startedAt >= WINDOW_MS) {
      kind.startedAt = now;
      kind.passed = 0;
    }
    return kind;
  }

  #forgetQuiet(now: number): void {
    for (const [name, kind] of this.#kinds) {
      if (kind.suppressed === 0 && now - kind.startedAt >= WINDOW_MS) this.#kinds.delete(name);
    }
  }

  #tell(): void {
    this.#reportDue = false;
    for (const kind of this.#kinds.values()) {
      if (kind.suppressed === 0) continue;
      this.#report(kind.sample, kind.suppressed);
      kind.suppressed = 0;
    }
  }
}
