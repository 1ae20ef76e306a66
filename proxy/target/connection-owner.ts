/** The interfaces through which a connection and the target that it leads to know one another. */
import type { TargetMetrics } from "../observe/target-metrics.ts";
import type { Exchange } from "../request/exchange.ts";
import type { TargetContext } from "./context.ts";
import type { Failure, Retry } from "./failure.ts";
import type { Http2Carrier } from "./http2-carrier.ts";
import type { TargetAddress } from "./target-address.ts";

/** What a target needs of a connection that waits in its pool. */
export interface PooledConnection {
  /** `performance.now()` */
  readonly idleSince: number;
  readonly reusableUntil: number;
  readonly closing: boolean;
  begin(exchange: Exchange): void;
  destroy(): void;
}

/** What a connection needs of the target that it leads to. */
export interface ConnectionOwner {
  readonly name: string;
  readonly address: TargetAddress;
  readonly context: TargetContext;
  readonly policy: { readonly responseTimeoutMs: number; readonly forwardHeaders: boolean };
  readonly meter: TargetMetrics | null;
  keep(connection: PooledConnection): boolean;
  forget(connection: PooledConnection): void;
  /** @param avoided the HTTP/2 session that a further attempt does not use */
  attemptFailed(exchange: Exchange, failure: Failure, retry: Retry, avoided: Http2Carrier | null): void;
  responseFailed(exchange: Exchange, failure: Failure): void;
}
