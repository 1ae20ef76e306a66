/**
 * One request and its response: the facts that the wire gave, blanks that the stations fill in, and the small interface
 * through which targets answer. Each client protocol implements it once; nothing behind it knows which one it is.
 */
import type { ResponseHead } from "../http1/response-head.ts";
import type { LoggedField } from "./logged-field.ts";

/** The claimed target's end of an exchange: takes the request body, and is told when the client has gone. */
export interface RequestSink {
  /** Takes bytes; they are the sink's now. True when it has no more use for their memory. */
  sendBody(bytes: Buffer, start: number, end: number): boolean;
  /** @param trailers wire text of the trailer section, may be empty */
  endBody(trailers: string): void;
  /** Writes out what has been gathered. */
  flushBody(): boolean;
  /** The client takes bytes again. */
  resumeResponse(): void;
  /** The client has gone, or broke the protocol: the target must see an abort, never a complete request. */
  abortRequest(): void;
  /** A drain's deadline has passed: end the exchange, with 504 if nothing was answered yet. */
  cut(): void;
}

/** Where a target's response goes: to the exchange itself, or to a buffer in front of it. */
export interface ResponseSink {
  /** Passes a 1xx on. */
  inform(head: ResponseHead): void;
  /** Passes the final head on; the body follows with `body`, then `end`. */
  respond(head: ResponseHead): void;
  /** The bytes are only lent. */
  body(bytes: Buffer, start: number, end: number): void;
  /** @param trailers wire text of the trailer section, may be empty */
  end(trailers: string): void;
  /** Writes out what has been gathered; false asks the target to pause until `sink.resumeResponse`. */
  flush(): boolean;
}

/** A request body that was received whole before any target was chosen. */
export interface HeldRequest {
  /** Sends it from its first byte; a pass that is still going on ends. */
  sendTo(sink: RequestSink): void;
  /** The sink takes bytes again. */
  resume(): void;
  discard(): void;
}

/** A response that is held until it is whole. */
export interface HeldResponse extends ResponseSink {
  discard(): void;
}

/** The target's side of a claim: it is told once, when the exchange has ended. */
export interface Claim {
  release(exchange: Exchange): void;
}

/** Counts an exchange once it has ended. */
export interface Meter {
  ended(exchange: Exchange, elapsedMs: number): void;
}

/** Whether what the peer says of the client behind it is believed; kept once for each connection. */
export const Peer = {
  /** No trusted proxies are configured: each service decides, by its options. */
  Anybody: 0,
  /** One of the trusted proxies. */
  Trusted: 1,
  /** Not one of them: its word counts for nothing. */
  Stranger: 2,
} as const;

export interface TargetMeter extends Meter {
  /** @param reason one of a few fixed words: it becomes a label */
  failed(reason: string): void;
}

/** How the forwarded head differs from what the client sent. */
export type Forwarding = {
  /** `host:port` of the target. */
  readonly target: string;
  readonly forwardHeaders: boolean;
};

/** Names of what an exchange has come to; a number because it is compared on every event. */
export const Phase = {
  /** Not answered yet. */
  Waiting: 0,
  /** The response head is out. */
  Responding: 1,
  /** A 101 went through: both sides are spliced. */
  Tunnelling: 2,
  Ended: 3,
} as const;

export abstract class Exchange implements ResponseSink {
  /** `performance.now()` and `Date.now()` when the head was complete. */
  readonly startedAt = performance.now();
  readonly receivedAtMs = Date.now();

  method = "";
  protocol = "HTTP/1.1";
  scheme = "http";
  /** Host as sent, with its port; and folded as routing compares it. */
  authority = "";
  host = "";
  /** Byte for byte as sent. */
  path = "";
  /** Without `?`. */
  query = "";
  /** There is a `?`, even if nothing follows it. */
  hasQuery = false;
  /** True when the path has escapes, backslashes or dot segments. */
  unusualPath = false;
  requestId = "";
  userAgent = "";
  requestType = "";
  /** X-Forwarded-For as received, first line. */
  forwardedFor = "";
  /** Bytes, or -1 when unknown. */
  requestLength = 0;
  /** The upgrade that the client asks for and that may be passed on; empty otherwise. */
  upgrade = "";
  /** A second copy at the target would do no harm (RFC 9110 §9.2.2, or an idempotency key). */
  idempotent = false;
  /** The peer's address; and the one to log, which is the client's own word if that is trusted. */
  clientAddress = "";
  remoteAddress = "";
  /** One of `Peer`. */
  peer: number = Peer.Anybody;
  clientPort = 0;
  localPort = 0;
  /** TLS only: the connection's certificate was asked for by another name, and is not good for `host`. */
  misdirected = false;

  // Filled in on the way
  service = "";
  target = "";
  status = 0;
  /** Body bytes written to the client. */
  responseBytes = 0;
  responseType = "";
  /** Characters of `path` that a stripped prefix takes away. */
  strippedLength = 0;
  /** That prefix as configured, `/segment…`; empty when nothing is stripped. */
  strippedPrefix = "";
  /** Lower-case name of the field that may carry the client's address, from the service; empty for none. */
  clientIpField = "";
  /** What that field says, if its sender is believed. */
  statedAddress = "";
  phase: number = Phase.Waiting;
  sink: RequestSink | null = null;
  /** The target that counts this exchange as in flight. */
  claim: Claim | null = null;
  /** The whole request body, and what holds the response back: only where the service buffers. */
  requestBuffer: HeldRequest | null = null;
  responseBuffer: HeldResponse | null = null;
  /** How many targets have been tried. */
  attempts = 0;
  /** `performance.now()` of the moment at which it was given to a connection, or one was asked for. */
  sentAt = 0;
  /** Its service's metrics; null while there are none, and for paths that they do not count. */
  meter: Meter | null = null;
  /** Metrics of the target that was claimed last. */
  targetMeter: TargetMeter | null = null;
  /** Response fields to be logged, from the service. */
  loggedResponse: readonly LoggedField[] = [];
  /** More keys and values for the access log, in order; null in the usual case. */
  loggedFields: [name: string, value: string][] | null = null;

  /** Called with the final response head before it is relayed; may clear `kept` flags and returns wire text of more fields. */
  onResponse: ((exchange: Exchange, head: ResponseHead) => string) | null = null;
  /** Wire text of fields that all of the service's responses carry, the proxy's own answers included. */
  standingFields = "";
  /** The service's own error pages: UTF-8 HTML, or null where it has none for this status. */
  errorPages: ((status: number, message: string | undefined) => Buffer | null) | null = null;
  /** Called once, when nothing more will happen: the journey writes the access log. */
  onEnd: ((exchange: Exchange) => void) | null = null;
  /** Called when the client leaves before the exchange is claimed by a target (it may be waiting in a pause). */
  onClientGone: (() => void) | null = null;

  get upgraded(): boolean {
    return this.phase === Phase.Tunnelling;
  }

  /** What the target answers to. */
  get response(): ResponseSink {
    return this.responseBuffer ?? this;
  }

  /** The value of a request field by name, joined when repeated; undefined when absent or hop-by-hop. For rare use. */
  abstract requestField(name: string): string | undefined;

  /** Writes the request head for the target into the thread's output buffer, unflushed. */
  abstract writeForwardedHead(forwarding: Forwarding): void;

  /** Lets the body flow into `sink`. Once per attempt; a second attempt starts from the first byte. */
  abstract startBody(sink: RequestSink): void;
  /** True while a further attempt could send the whole body again. */
  abstract readonly replayable: boolean;
  abstract resumeRequestBody(): void;
  /** Tells a client that waits for `100 Continue` to go on: for those who take the body without asking a target. */
  abstract sendContinue(): void;
  abstract readonly requestComplete: boolean;

  abstract inform(head: ResponseHead): void;
  abstract respond(head: ResponseHead): void;
  abstract body(bytes: Buffer, start: number, end: number): void;
  abstract end(trailers: string): void;
  abstract flush(): boolean;
  /** Passes a 101 on and splices: from then on bytes go to `sink.sendBody`, and come by `tunnel`. */
  abstract switchProtocols(head: ResponseHead): void;
  abstract tunnel(bytes: Buffer, start: number, end: number): boolean;
  /** The target has sent its last byte; what the client still sends goes on to it. */
  abstract endTunnel(): void;
  /** The tunnel is over for both; `goodbye` is the last that the client hears. */
  abstract closeTunnel(goodbye: Buffer | undefined): void;

  /** Answers from the proxy itself with an error page (or nothing, for 200), if nothing was answered yet. */
  abstract answer(status: number, options?: AnswerOptions): void;
  /** Ends the exchange visibly broken: the head is out, the rest will never come. */
  abstract abort(): void;
}

export type AnswerOptions = {
  /** Shown on the page, escaped. */
  readonly message?: string;
  /** Seconds for `Retry-After`. */
  readonly retryAfterSeconds?: number;
  /** Absolute URL of a redirect. */
  readonly location?: string;
  /** ASCII text that is the body, in place of a page. */
  readonly text?: string;
};
