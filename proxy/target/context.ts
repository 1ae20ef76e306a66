/** What all target connections of one thread share: limits, the output and read buffers, the deadline queues. */
import { type DeadlineEntry, DeadlineQueue, type Ticker } from "../deadlines.ts";
import type { Output } from "../http1/output.ts";
import { ResponseHead } from "../http1/response-head.ts";
import type { Limits } from "../limits.ts";

/** What deadlines do to a connection. */
export interface TimedConnection extends DeadlineEntry {
  connectTimedOut(): void;
  responseTimedOut(): void;
  writeTimedOut(): void;
  destroy(): void;
}

/** One read at most. */
const READ_SIZE = 64 * 1024;

export class TargetContext {
  readonly limits: Limits;
  readonly output: Output;
  /** Every target socket reads into this one buffer; its bytes are gone after the callback. */
  readonly readBuffer: Buffer = Buffer.allocUnsafeSlow(READ_SIZE);
  /** Data bytes of chunked messages, for as long as a callback runs. */
  readonly decoded: Buffer = Buffer.allocUnsafeSlow(READ_SIZE);
  readonly head: ResponseHead;
  readonly connectWait: DeadlineQueue<TimedConnection>;
  readonly writeWait: DeadlineQueue<TimedConnection>;
  readonly idle: DeadlineQueue<TimedConnection>;
  readonly #ticker: Ticker;
  readonly #responseWaits = new Map<number, DeadlineQueue<TimedConnection>>();

  constructor(limits: Limits, ticker: Ticker, output: Output) {
    this.limits = limits;
    this.output = output;
    this.#ticker = ticker;
    this.head = new ResponseHead(limits);
    this.connectWait = new DeadlineQueue(ticker, limits.connectTimeoutMs, (connection) => connection.connectTimedOut());
    this.writeWait = new DeadlineQueue(ticker, limits.writeTimeoutMs, (connection) => connection.writeTimedOut());
    this.idle = new DeadlineQueue(ticker, limits.poolIdleMs, (connection) => connection.destroy());
  }

  /** The queue of those that wait `durationMs` for a response head; there are as many as distinct timeouts. */
  responseWait(durationMs: number): DeadlineQueue<TimedConnection> {
    let queue = this.#responseWaits.get(durationMs);
    if (!queue) {
      queue = new DeadlineQueue(this.#ticker, durationMs, (connection: TimedConnection) =>
        connection.responseTimedOut(),
      );
      this.#responseWaits.set(durationMs, queue);
    }
    return queue;
  }
}
