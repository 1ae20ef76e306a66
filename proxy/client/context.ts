/** What all client connections of one thread share: limits, the output buffer, the deadline queues, the journey. */
import { type DeadlineEntry, DeadlineQueue, type Ticker } from "../deadlines.ts";
import type { Output } from "../http1/output.ts";
import { RequestHead } from "../http1/request-head.ts";
import type { Limits } from "../limits.ts";
import { type Exchange, Peer } from "../request/exchange.ts";
import type { TrustedProxies } from "../request/trusted-proxies.ts";

/** What deadlines do to a connection. */
export interface TimedConnection extends DeadlineEntry {
  headTimedOut(): void;
  bodyTimedOut(): void;
  close(): void;
  destroy(): void;
}

/** How clients are reached: directly, or through proxies that speak for them. */
export type Edge = {
  /** Null when none are configured. */
  readonly trustedProxies: TrustedProxies | null;
  /** Connections (of trusted peers, if there are any) begin with a PROXY protocol header. */
  readonly proxyProtocol: boolean;
};

export type ClientCounters = {
  connections: number;
  accepted: number;
  requests: number;
  rejected: number;
  /** Status → requests that were answered with it before they were routed. */
  rejectedByStatus: Map<number, number>;
};

export class ClientContext {
  readonly limits: Limits;
  readonly output: Output;
  readonly counters: ClientCounters = {
    connections: 0,
    accepted: 0,
    requests: 0,
    rejected: 0,
    rejectedByStatus: new Map(),
  };
  readonly trustedProxies: TrustedProxies | null;
  readonly proxyProtocol: boolean;
  /** Takes each request as soon as its head is complete. */
  readonly journey: (exchange: Exchange) => void;
  /** Data bytes of chunked messages, for as long as a callback runs. */
  readonly decoded: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
  /** Shutting down: every response says `Connection: close`. */
  draining = false;
  /** The parser for heads that arrive whole; a connection with an unfinished head takes it along. */
  head: RequestHead;

  readonly keepAlive: DeadlineQueue<TimedConnection>;
  readonly headWait: DeadlineQueue<TimedConnection>;
  readonly bodyWait: DeadlineQueue<TimedConnection>;
  readonly writeWait: DeadlineQueue<TimedConnection>;
  readonly halfClose: DeadlineQueue<TimedConnection>;
  readonly linger: DeadlineQueue<TimedConnection>;
  readonly tunnel: DeadlineQueue<TimedConnection>;

  constructor(limits: Limits, ticker: Ticker, output: Output, edge: Edge, journey: (exchange: Exchange) => void) {
    this.limits = limits;
    this.output = output;
    this.trustedProxies = edge.trustedProxies;
    this.proxyProtocol = edge.proxyProtocol;
    this.journey = journey;
    this.head = new RequestHead(limits);
    const queue = (durationMs: number, onExpire: (connection: TimedConnection) => void) =>
      new DeadlineQueue<TimedConnection>(ticker, durationMs, onExpire);
    this.keepAlive = queue(limits.keepAliveTimeoutMs, (connection) => connection.close());
    this.headWait = queue(limits.headTimeoutMs, (connection) => connection.headTimedOut());
    this.bodyWait = queue(limits.bodyTimeoutMs, (connection) => connection.bodyTimedOut());
    this.writeWait = queue(limits.writeTimeoutMs, (connection) => connection.destroy());
    this.halfClose = queue(limits.halfCloseTimeoutMs, (connection) => connection.destroy());
    this.linger = queue(limits.lingerTimeoutMs, (connection) => connection.destroy());
    this.tunnel = queue(limits.tunnelTimeoutMs, (connection) => connection.destroy());
  }

  countRejected(status: number): void {
    this.counters.rejected++;
    this.counters.rejectedByStatus.set(status, (this.counters.rejectedByStatus.get(status) ?? 0) + 1);
  }

  /** Whether a client at `address` (plain) is believed: one of `Peer`. */
  peerAt(address: string): number {
    if (this.trustedProxies === null) return Peer.Anybody;
    return this.trustedProxies.includes(address) ? Peer.Trusted : Peer.Stranger;
  }

  /** Hands the shared parser to a connection whose head is incomplete, and makes a new one for the rest. */
  takeHead(): RequestHead {
    const head = this.head;
    this.head = new RequestHead(this.limits);
    return head;
  }
}
