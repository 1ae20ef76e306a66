/** Every bound of the data path by name, with its default and unit. Nothing in the engine waits or grows beyond these. */

export type Limits = typeof DEFAULT_LIMITS;

export const DEFAULT_LIMITS = {
  // What a client may send
  /** Request line and fields together, bytes → 431. */
  maxRequestHeadBytes: 64 * 1024,
  /** Request target, bytes → 414. RFC 9112 §3 asks for at least 8,000. */
  maxTargetBytes: 16 * 1024,
  /** Fields of one request or trailer section → 431. */
  maxRequestFields: 200,
  /** Trailer section of one message, bytes. */
  maxTrailerBytes: 16 * 1024,
  /** Bytes that a client may send ahead (pipelined requests, a body that nobody takes yet) before its socket is paused. */
  maxPipelinedBytes: 64 * 1024,
  /** Protocols that a client may upgrade to; any other (h2c above all) would tunnel past routing. */
  upgradeKinds: ["websocket"] as readonly string[],
  /** Client connections; above it the one that has been idle longest makes room. */
  maxClientConnections: 50_000,

  // How long a client may take
  /** From the first byte of a request (or the accept) to the end of its head → 408. */
  headTimeoutMs: 10_000,
  /** Between two requests on one connection. */
  keepAliveTimeoutMs: 75_000,
  /** Without a byte of a request body → 408, or an abort when the response has begun. */
  bodyTimeoutMs: 30_000,
  /** While a peer takes nothing of what was written to it. */
  writeTimeoutMs: 60_000,
  /** After a client's FIN, without progress on its response: it has left. */
  halfCloseTimeoutMs: 10_000,
  /** How long and how much is read and thrown away after a final answer, so that the client can read it. */
  lingerTimeoutMs: 3_000,
  lingerBytes: 64 * 1024 * 1024,
  /** Without a byte in either direction of an upgraded connection. */
  tunnelTimeoutMs: 2 * 60 * 60 * 1000,

  // What a target may send, and how long it may take
  maxResponseHeadBytes: 64 * 1024,
  maxResponseFields: 500,
  /** 1xx responses to one request before it fails with 502. */
  maxInformationalResponses: 16,
  /** TCP connect, name look-up included → 504. */
  connectTimeoutMs: 5_000,
  /** Idle life of a pooled connection; a target's own `Keep-Alive: timeout` shortens it. */
  poolIdleMs: 60_000,
  maxIdlePerTarget: 512,
  /**
   * A request that must not be sent twice does not use a connection that has been idle longer than this: the target
   * may be closing it at this very moment.
   */
  freshEnoughMs: 1_000,

  // What may wait
  /** Requests that a paused service holds → 503 beyond. */
  maxWaitingRequests: 10_000,
};
