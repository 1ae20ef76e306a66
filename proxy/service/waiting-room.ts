/** Requests that wait for a paused service: bounded, in order, each with its own deadline, gone when its client goes. */
import { DeadlineEntry, DeadlineQueue, disarm, type Ticker } from "../deadlines.ts";
import type { Exchange } from "../request/exchange.ts";

export class WaitingRoom {
  readonly #waiters = new Set<Waiter>();
  readonly #maxWaiting: number;
  readonly #ticker: Ticker;
  readonly #onExpire: (exchange: Exchange) => void;
  #queue: DeadlineQueue<Waiter> | null = null;

  constructor(ticker: Ticker, maxWaiting: number, onExpire: (exchange: Exchange) => void) {
    this.#ticker = ticker;
    this.#maxWaiting = maxWaiting;
    this.#onExpire = onExpire;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** Takes an exchange in for `maxPauseMs` from now; false when the room is full. */
  enter(exchange: Exchange, maxPauseMs: number): boolean {
    if (this.#waiters.size >= this.#maxWaiting) return false;
    const waiter = new Waiter(exchange, (left) => this.#waiters.delete(left));
    this.#waiters.add(waiter);
    exchange.onClientGone = () => this.#leave(waiter);
    this.#queueFor(maxPauseMs).arm(waiter);
    return true;
  }

  /** Lets everybody out, first come first. `next` may let new ones in: they are not part of this round. */
  release(next: (exchange: Exchange) => void): void {
    for (const waiter of Array.from(this.#waiters)) {
      // An earlier one's turn may have made this one's client leave.
      if (!this.#waiters.has(waiter)) continue;
      this.#leave(waiter);
      next(waiter.exchange);
    }
  }

  #queueFor(maxPauseMs: number): DeadlineQueue<Waiter> {
    if (this.#queue?.durationMs !== maxPauseMs) {
      // Those who wait already keep the time that they were given.
      if (this.#queue?.first === null) this.#ticker.remove(this.#queue);
      this.#queue = new DeadlineQueue<Waiter>(this.#ticker, maxPauseMs, (waiter) => {
        this.#leave(waiter);
        this.#onExpire(waiter.exchange);
      });
    }
    return this.#queue;
  }

  #leave(waiter: Waiter): void {
    disarm(waiter);
    waiter.exchange.onClientGone = null;
    waiter.leave();
  }
}

class Waiter extends DeadlineEntry {
  readonly exchange: Exchange;
  readonly #onLeave: (waiter: Waiter) => void;

  constructor(exchange: Exchange, onLeave: (waiter: Waiter) => void) {
    super();
    this.exchange = exchange;
    this.#onLeave = onLeave;
  }

  leave(): void {
    this.#onLeave(this);
  }
}
