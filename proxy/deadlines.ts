/**
 * Deadlines without a timer each: entries that wait equally long stand in line, so only the first has to be looked at.
 * Arming and disarming are a few pointer writes; one coarse tick serves every queue of a thread.
 */

const TICK_MS = 100;
/** After a stall this long, sockets get a turn before anything expires: the process was late, not its peers. */
const STALL_MS = 1_000;

/** The links of a queue; a class that has deadlines extends it. An entry waits in one queue at a time. */
export abstract class DeadlineEntry {
  expiresAt = 0;
  queuedIn: { remove(entry: DeadlineEntry): void } | null = null;
  nextInQueue: DeadlineEntry | null = null;
  previousInQueue: DeadlineEntry | null = null;
}

export class DeadlineQueue<T extends DeadlineEntry> {
  readonly durationMs: number;
  readonly #onExpire: (entry: T) => void;
  readonly #ticker: Ticker;
  #first: DeadlineEntry | null = null;
  #last: DeadlineEntry | null = null;

  /** @param durationMs how long every entry of this queue waits; 0 means for ever */
  constructor(ticker: Ticker, durationMs: number, onExpire: (entry: T) => void) {
    this.durationMs = durationMs;
    this.#onExpire = onExpire;
    this.#ticker = ticker;
    ticker.add(this);
  }

  get first(): T | null {
    return this.#first as T | null;
  }

  /** Starts (again) the wait of `entry`, taking it out of whatever queue it is in. */
  arm(entry: T): void {
    disarm(entry);
    if (this.durationMs === 0) return;
    entry.expiresAt = performance.now() + this.durationMs;
    entry.queuedIn = this;
    entry.previousInQueue = this.#last;
    if (this.#last) this.#last.nextInQueue = entry;
    else this.#first = entry;
    this.#last = entry;
    this.#ticker.start();
  }

  remove(entry: T): void {
    if (entry.previousInQueue) entry.previousInQueue.nextInQueue = entry.nextInQueue;
    else this.#first = entry.nextInQueue;
    if (entry.nextInQueue) entry.nextInQueue.previousInQueue = entry.previousInQueue;
    else this.#last = entry.previousInQueue;
    entry.queuedIn = null;
    entry.nextInQueue = null;
    entry.previousInQueue = null;
  }

  /** Expires what is due; called by the ticker. */
  expire(now: number): void {
    while (this.#first !== null && this.#first.expiresAt <= now) {
      const entry = this.#first as T;
      this.remove(entry);
      this.#onExpire(entry);
    }
  }
}

/** Ends the wait of `entry`, in whatever queue it is. */
export function disarm(entry: DeadlineEntry): void {
  entry.queuedIn?.remove(entry);
}

type Expirable = { readonly first: DeadlineEntry | null; expire(now: number): void };

export class Ticker {
  readonly #queues = new Set<Expirable>();
  #timer: NodeJS.Timeout | null = null;
  #dueAt = 0;

  add(queue: Expirable): void {
    this.#queues.add(queue);
  }

  remove(queue: Expirable): void {
    this.#queues.delete(queue);
  }

  /** Ticks from now on until no queue holds anything. */
  start(): void {
    if (this.#timer !== null) return;
    this.#dueAt = performance.now() + TICK_MS;
    this.#timer = setTimeout(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    this.#timer = null;
    const now = performance.now();
    let waiting = false;
    if (now - this.#dueAt < STALL_MS) for (const queue of this.#queues) queue.expire(now);
    for (const queue of this.#queues) waiting ||= queue.first !== null;
    if (waiting) this.start();
  }
}
