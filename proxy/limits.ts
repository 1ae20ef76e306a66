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
  /** Header of the PROXY protocol, its TLVs included, bytes. */
  maxProxyHeaderBytes: 4096,
  /** Elements of X-Forwarded-For that are looked at, from the right, to find the client behind trusted proxies. */
  maxForwardedHops: 32,
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
  /** Memory of all buffered bodies together, bytes; beyond, they go on in files. */
  maxBufferedMemoryBytes: 64 * 1024 * 1024,
};

/** Bounds of the log. A line stays one line, of a size that every collector takes. */
export const LOG_LIMITS = {
  /** One line, newline included, bytes. Docker splits lines at 16 KB, many collectors at 8. */
  maxLineBytes: 8 * 1024,
  /** One value, before escaping, characters. */
  maxValueLength: 2048,
  /** The same in a line that would be too long otherwise. */
  maxValueLengthWhenTight: 256,
  /** Lines a second with the same message about the same target, service or URL; the rest is counted. */
  maxAlikePerSecond: 10,
  /** Kinds of line that are told apart for that; beyond, all others count as one kind. */
  maxKinds: 1_000,
};

/** Bounds of the metrics. */
export const METRICS_LIMITS = {
  /** Label sets with a histogram, each about fifteen lines of the page; beyond, new ones are counted but not kept. */
  maxSeries: 4_000,
  /** How long the series of a target stay after its last request: time for a few scrapes of its last figures. */
  goneTargetMs: 15 * 60 * 1000,
  /** Connections to the metrics listener. */
  maxScrapers: 64,
  /** For a scraper to send its request, or to ask again. */
  scrapeTimeoutMs: 10_000,
};

/** Bounds of custom error pages. */
export const TEMPLATE_LIMITS = {
  /** Source of one file; a larger one is not read, and the built-in page is shown. */
  maxSourceBytes: 1024 * 1024,
  /** Files of one service, and their sources together: they are held in memory. */
  maxFiles: 100,
  maxAllSourcesBytes: 4 * 1024 * 1024,
  /** One page as it is sent; a larger one gives way to the built-in page. */
  maxRenderedBytes: 192 * 1024,
  /** Pages within pages. */
  maxDepth: 50,
  /** Texts, values and decisions of one page; inclusion that doubles itself ends here. */
  maxSteps: 20_000,
};
