/** One HTTP/2 session to a target: connects, carries as many streams as the target allows, and knows whether it is alive. */
import type { ClientHttp2Session } from "node:http2";
import { connect } from "node:net";
import { DeadlineEntry, disarm } from "../deadlines.ts";
import type { Limits } from "../limits.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { TimedConnection } from "./context.ts";
import { type Failure, failureOfConnectError } from "./failure.ts";
import type { Http2Carrier } from "./http2-carrier.ts";
import type { Http2TargetStream } from "./http2-target-stream.ts";

/** Until the target's SETTINGS are here: before them nobody knows how many streams it takes, or whether it speaks HTTP/2. */
const CONNECTING = 0;
const READY = 1;
/** A PING is on its way; nothing is begun before it is answered. */
const PROVING = 2;
/** Nothing more is begun. */
const CLOSING = 3;
const CLOSED = 4;

const BYTES_PER_MEGABYTE = 1_000_000;
/** What a target may send on one stream before it is read: HTTP/2's default window (RFC 9113 §6.9.2). */
const WINDOW_BYTES = 65_535;

/** What a session needs of the pool that it is in. */
export interface SessionPool {
  /** Streams that a target is assumed to take until it says so. */
  assumedRoom: number;
  readonly retired: boolean;
  /** Finds another place for a stream that has not begun. */
  place(stream: Http2TargetStream): void;
  /** There is room for those who wait. */
  hasRoom(session: Http2Session): void;
  forget(session: Http2Session): void;
}

export class Http2Session extends DeadlineEntry implements Http2Carrier, TimedConnection {
  readonly client: ClientHttp2Session;
  lastStreamId: number = Number.POSITIVE_INFINITY;
  readonly #target: ConnectionOwner;
  readonly #pool: SessionPool;
  readonly #waiting = new Set<Http2TargetStream>();
  readonly #askedAt = performance.now();
  #state = CONNECTING;
  #open = 0;
  #used = false;
  #heardAt = 0;
  #connected = false;
  #timedOut = false;
  #error: Error | null = null;

  constructor(target: ConnectionOwner, pool: SessionPool) {
    super();
    this.#target = target;
    this.#pool = pool;
    const { address, context } = target;
    const { limits } = context;
    const options = {
      createConnection: () =>
        connect({
          host: address.host,
          port: address.port,
          noDelay: true,
          keepAlive: true,
          keepAliveInitialDelay: 30_000,
        }),
      settings: { enablePush: false, maxHeaderListSize: limits.maxResponseHeadBytes },
      // `:status` is a pair as well.
      maxHeaderListPairs: limits.maxResponseFields + 1,
      maxSessionMemory: Math.ceil((limits.maxStreamsPerSession * memoryOfStream(limits)) / BYTES_PER_MEGABYTE),
      // Twice the same field is the application's affair: it must not throw here.
      strictSingleValueFields: false,
    };
    // Loaded only here: a proxy without such targets does not pay for it.
    this.client = process.getBuiltinModule("node:http2").connect("http://target", options);
    context.connectWait.arm(this);
    this.client.on("connect", () => this.#onConnect());
    this.client.on("remoteSettings", () => this.#onSettings());
    this.client.on("goaway", (_code, lastStreamId) => this.#onGoaway(lastStreamId));
    this.client.on("error", (error) => {
      this.#error = error;
    });
    this.client.on("close", () => this.#onClose());
  }

  get idle(): boolean {
    return this.#state === READY && this.#open === 0;
  }

  /** How many streams more it takes. */
  get room(): number {
    if (this.#state >= CLOSING) return 0;
    const allowed = this.#state === CONNECTING ? this.#pool.assumedRoom : this.#allowed();
    return allowed - this.#open - this.#waiting.size;
  }

  /** Begins a stream, now or as soon as it can. */
  take(stream: Http2TargetStream): void {
    if (this.#state === READY) {
      disarm(this);
      if (stream.idempotent || this.#isFresh()) return this.#begin(stream);
      this.#prove();
    }
    this.#waiting.add(stream);
    stream.waitsIn = this.#waiting;
  }

  // Http2Carrier

  heard(): void {
    this.#heardAt = performance.now();
  }

  leave(): void {
    this.#open--;
  }

  next(): void {
    if (this.room > 0) this.#pool.hasRoom(this);
    if (this.#open > 0 || this.#waiting.size > 0 || this.#state === CLOSED) return;
    if (this.#pool.retired) this.destroy();
    else if (this.#state === READY) this.#target.context.idle.arm(this);
  }

  doubt(): void {
    if (this.#state === READY && !this.#isFresh()) this.#prove();
  }

  // Deadlines

  /** Neither SETTINGS nor the answer to a PING has come. */
  connectTimedOut(): void {
    this.#timedOut = true;
    this.client.destroy();
  }

  responseTimedOut(): void {}

  writeTimedOut(): void {}

  /** Has been idle for long enough, or is not wanted any more. */
  destroy(): void {
    const early = this.#state === CONNECTING;
    this.#state = CLOSING;
    disarm(this);
    this.#pool.forget(this);
    if (early) this.client.destroy();
    else this.client.close();
  }

  #allowed(): number {
    const { maxConcurrentStreams = Number.POSITIVE_INFINITY } = this.client.remoteSettings;
    return Math.min(maxConcurrentStreams, this.#target.context.limits.maxStreamsPerSession);
  }

  #isFresh(): boolean {
    return performance.now() - this.#heardAt <= this.#target.context.limits.freshEnoughMs;
  }

  #begin(stream: Http2TargetStream): void {
    const reused = this.#used;
    this.#used = true;
    this.#open++;
    if (reused && this.#target.meter !== null) this.#target.meter.reused++;
    stream.begin(this, reused);
  }

  #prove(): void {
    this.#state = PROVING;
    this.#target.context.connectWait.arm(this);
    // The answer is bounded by the deadline; no answer at all is what the close reports.
    const sent = this.client.ping((error) => {
      if (error === null && this.#state === PROVING) this.#becomeReady();
    });
    if (!sent) this.client.destroy();
  }

  #onConnect(): void {
    this.#connected = true;
    this.#target.meter?.connected(this.#askedAt);
  }

  #onSettings(): void {
    this.#pool.assumedRoom = Math.max(1, this.#allowed());
    if (this.#state === CONNECTING) this.#becomeReady();
    else if (this.#state === READY) this.next();
  }

  #becomeReady(): void {
    disarm(this);
    this.#state = READY;
    this.heard();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const stream of waiting) {
      // An earlier one may have been given up by what another one led to.
      if (stream.waitsIn !== this.#waiting) continue;
      stream.waitsIn = null;
      if (this.room > 0) this.#begin(stream);
      else this.#pool.place(stream);
    }
    this.next();
  }

  /** Streams that have begun go on, those beyond the last one are refused by node; the rest goes elsewhere. */
  #onGoaway(lastStreamId: number): void {
    this.lastStreamId = Math.min(this.lastStreamId, lastStreamId);
    this.#giveUp();
  }

  #giveUp(): void {
    if (this.#state < CLOSING) this.#state = CLOSING;
    disarm(this);
    this.#pool.forget(this);
    this.#release((stream) => this.#pool.place(stream));
  }

  #onClose(): void {
    const wasConnecting = this.#state === CONNECTING;
    this.#state = CLOSED;
    if (this.#target.meter !== null) this.#target.meter.closed++;
    if (wasConnecting) this.#release((stream) => stream.connectFailed(this.#connectFailure()));
    this.#giveUp();
  }

  #connectFailure(): Failure {
    if (this.#timedOut) return "connect-timeout";
    return this.#connected ? "not-http2" : failureOfConnectError(this.#error ?? new Error("closed"));
  }

  #release(to: (stream: Http2TargetStream) => void): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const stream of waiting) {
      if (stream.waitsIn !== this.#waiting) continue;
      stream.waitsIn = null;
      to(stream);
    }
  }
}

/** Room for what one stream can have in memory both ways, so that streams that stand still never take it from others. */
function memoryOfStream(limits: Limits): number {
  return 2 * (WINDOW_BYTES + limits.maxResponseHeadBytes);
}
