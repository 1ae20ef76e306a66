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

  // HTTP/2
  /** Streams of one connection at the same time; a client that opens more has them refused. */
  maxHttp2Streams: 128,
  /** Fields of one request as they come, each cookie by itself → the stream is reset. Joined, `maxRequestFields` holds. */
  maxHttp2FieldPairs: 400,
  /** Bytes of one request body, and of all bodies of a connection, that a client may send ahead of the reading. */
  http2StreamWindowBytes: 256 * 1024,
  http2ConnectionWindowBytes: 1024 * 1024,
  /** Memory of one connection: its tables, and the responses that wait to be taken. Beyond, new streams are refused. */
  maxHttp2SessionBytes: 32_000_000,
  /** Streams that a client may reset (or make us reset) at once, and then each second → GOAWAY. */
  http2ResetBurst: 200,
  http2ResetsPerSecond: 33,
  /** Frames that are none, and streams refused, before the connection ends. */
  maxHttp2InvalidFrames: 100,
  maxHttp2RejectedStreams: 100,

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

  // TLS
  /** First message of a TLS connection, with the headers of its records, bytes. */
  maxClientHelloBytes: 16 * 1024,
  /** From a client's hello to the end of the handshake; how long the hello takes is `headTimeoutMs`. */
  handshakeTimeoutMs: 10_000,
  /** How long a handshake waits for a certificate that has to be had first. */
  certificateWaitMs: 10_000,
  /** Handshakes that wait for certificates, and names that are asked for, at the same time. */
  maxWaitingHandshakes: 1_000,
  /** Life of the keys of session tickets, and so of the sessions themselves: what is stolen is of use no longer. */
  ticketKeyMs: 12 * 60 * 60 * 1000,

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
  /** HTTP/2 sessions to one h2c target, and streams of one session; beyond, an exchange waits `connectTimeoutMs`. */
  maxSessionsPerTarget: 64,
  maxStreamsPerSession: 250,

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

// Challenges

/** Bounds of what strangers can cause with tokens that this proxy does not know. */
export const CHALLENGE_LIMITS = {
  /** Longer ones are 404 unasked; the largest authority's have 43 characters. */
  maxTokenLength: 128,
  /** For the peers together, from the first connect to the end of the answer → 404. */
  peerTimeoutMs: 2_000,
  /** Of a peer's answer; a longer one is none. */
  maxKeyAuthorizationBytes: 1024,
  /** How long a peer that did not answer is not asked again. */
  peerDownMs: 5_000,
  /** How long it is remembered what the peers said of a token. */
  tokenMs: 30_000,
  /** Tokens that are remembered; the oldest make room. */
  maxRememberedTokens: 1_000,
  /** Tokens that the peers are being asked for → 404 beyond. */
  maxPeerQuestions: 32,
  /** New ones a second, for all clients together, and for those of one network → 404 beyond. */
  peerQuestionsPerSecond: 100,
  peerQuestionsPerNetworkAndSecond: 10,
  /** Networks whose budgets are remembered; the one that has been silent longest makes room. */
  maxAskingNetworks: 1_000,
};

/** Bounds of the question whether a name may have a certificate. */
export const ON_DEMAND_LIMITS = {
  /** From name look-up to the end of the answer; then it is denied. */
  timeoutMs: 2_000,
  /** Of the answer's body, in the denial and in the log. */
  maxQuotedBytes: 256,
  /** How long a denial stands without asking again; and one because the endpoint failed. */
  denialMs: 60_000,
  failureMs: 10_000,
  /** Denials that are remembered; the oldest make room. */
  maxRememberedDenials: 1_000,
  /** Names that are being asked for; denied beyond. */
  maxQuestions: 32,
  /** New ones a minute, for all names together; denied beyond. */
  questionsPerMinute: 60,
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

/** Bounds of the process that talks to a certificate authority, and of what the proxy takes from it. */
export const ISSUING_LIMITS = {
  /** One request to the authority, from the connection to the end of the answer. */
  requestTimeoutMs: 30_000,
  /** One answer of the authority, bytes; chains are the largest. */
  maxResponseBytes: 256 * 1024,
  /** `badNonce` answers in a row before the authority counts as broken. */
  maxBadNonces: 150,
  /** Between two looks at an order or authorization; the authority's own Retry-After counts up to the second. */
  firstPollMs: 100,
  maxPollMs: 15_000,
  /** One run of a DNS hook, time for the record to spread included. */
  dnsHookTimeoutMs: 120_000,
  /** The same for taking a record back once the job has been given up. */
  dnsCleanupTimeoutMs: 10_000,
  /** What is kept of a hook's or the process's stderr, from its end, bytes. */
  maxStderrBytes: 2 * 1024,
  /** The longest wait that an authority can ask for. */
  maxRetryAfterSeconds: 30 * 24 * 60 * 60,
  /** One line from the process, bytes, and how many there can be. */
  maxEventBytes: 512 * 1024,
  maxEvents: 200,
  /** Beyond the job's own time, for the process to say so and to end. */
  endTimeoutMs: 20_000,
  /** V8 heap of the process, megabytes. */
  heapMegabytes: 128,
};

/** Bounds of getting and keeping certificates. */
export const CERTIFICATE_LIMITS = {
  /** Processes that talk to a certificate authority at the same time; each takes the memory of a small Node. */
  maxIssuingProcesses: 2,
  /** For one order, from its first request to the certificate. */
  orderTimeoutMs: 5 * 60 * 1000,
  /**
   * New orders for one name. Let's Encrypt lets five checks of a name fail in an hour; the last one is for deploys, which
   * may follow a cure.
   */
  maxOrdersPerHour: 5,
  /** How long a failed check waits for another one, once, while the peers may be in the middle of the same deploy. */
  peerDeployMs: 18_000,
  /** Between two orders whose certificates cannot be used: Let's Encrypt signs the same name five times a week. */
  uselessCertificateMs: 36 * 60 * 60 * 1000,
  /** For one question when a certificate should be renewed (RFC 9773). */
  renewalInfoTimeoutMs: 60 * 1000,
  /** Bounds of the time until that is asked again, whatever the authority says. */
  minRenewalInfoMs: 60 * 60 * 1000,
  maxRenewalInfoMs: 24 * 60 * 60 * 1000,
  /** Longest wait that an authority can ask for before the next attempt. */
  maxRetryAfterMs: 7 * 24 * 60 * 60 * 1000,
  /** How far this machine's clock may lag behind an authority's: a certificate that begins later is not yet valid. */
  clockSkewMs: 60 * 60 * 1000,
  /** What is due is looked at again at least this often: clocks jump. */
  maxSleepMs: 60 * 60 * 1000,
  /** One PEM file, bytes. */
  maxPemBytes: 256 * 1024,
  /** Certificates of one chain. */
  maxChainCertificates: 10,
  /** How often the files of certificates of one's own are looked at. */
  filePollMs: 10_000,
  /** Certificates of on-demand names that are held in memory; beyond, those asked for longest ago are read again. */
  maxOnDemandCertificates: 1_000,
  /** On-demand names that wait for a certificate; beyond, a handshake for one more fails. */
  maxOnDemandOrders: 50,
};
