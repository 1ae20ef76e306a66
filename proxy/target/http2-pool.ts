/** The HTTP/2 sessions of one target: each exchange gets a stream on one that has room, on a new one, or waits a moment. */
import type { Exchange } from "../request/exchange.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { Http2Carrier } from "./http2-carrier.ts";
import { Http2Session, type SessionPool } from "./http2-session.ts";
import { Http2TargetStream } from "./http2-target-stream.ts";

export class Http2Pool implements SessionPool {
  assumedRoom: number = Number.POSITIVE_INFINITY;
  retired = false;
  readonly #target: ConnectionOwner;
  readonly #sessions = new Set<Http2Session>();
  /** Every session is full, and there are as many as there may be; each stream's own deadline bounds its wait. */
  readonly #waiting = new Set<Http2TargetStream>();

  constructor(target: ConnectionOwner) {
    this.#target = target;
  }

  get idleSessions(): number {
    let count = 0;
    for (const session of this.#sessions) if (session.idle) count++;
    return count;
  }

  send(exchange: Exchange): void {
    this.place(new Http2TargetStream(this.#target, exchange, false));
  }

  /** @param avoided the session that has refused it, if it still lives */
  sendAgain(exchange: Exchange, avoided: Http2Carrier | null): void {
    this.place(new Http2TargetStream(this.#target, exchange, true), avoided);
  }

  place(stream: Http2TargetStream, avoided: Http2Carrier | null = null): void {
    for (const session of this.#sessions) {
      if (session !== avoided && session.room > 0) return session.take(stream);
    }
    if (this.#sessions.size < this.#target.context.limits.maxSessionsPerTarget) {
      if (this.#target.meter !== null) this.#target.meter.opened++;
      const session = new Http2Session(this.#target, this);
      this.#sessions.add(session);
      session.take(stream);
    } else {
      this.#waiting.add(stream);
      stream.waitsIn = this.#waiting;
    }
  }

  hasRoom(session: Http2Session): void {
    for (const stream of this.#waiting) {
      if (session.room <= 0) return;
      this.#waiting.delete(stream);
      stream.waitsIn = null;
      session.take(stream);
    }
  }

  forget(session: Http2Session): void {
    if (!this.#sessions.delete(session)) return;
    for (const stream of this.#waiting) {
      this.#waiting.delete(stream);
      stream.waitsIn = null;
      this.place(stream);
      if (stream.waitsIn === this.#waiting) return;
    }
  }

  /** No more exchanges are expected. Idle sessions close at once, the others when their last stream has ended. */
  retire(): void {
    this.retired = true;
    for (const session of this.#sessions) session.next();
  }
}
