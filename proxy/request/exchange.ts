/**
 * One request and its response: the facts that the wire gave, blanks that the stations fill in, and the small interface
 * through which targets answer. Each client protocol implements it once; nothing behind it knows which one it is.
 */
import type { ResponseHead } from "../http1/response-head.ts";

/** The claimed target's end of an exchange: takes the request body, and is told when the client has gone. */
export interface RequestSink {
  /** False asks the client side to pause until `resumeRequestBody`. The bytes may be kept; they are the sink's now. */
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

/** The target's side of a claim: it is told once, when the exchange has ended. */
export interface Claim {
  release(exchange: Exchange): void;
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

export abstract class Exchange {
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
  clientPort = 0;
  localPort = 0;

  // Filled in on the way
  service = "";
  target = "";
  status = 0;
  /** Body bytes written to the client. */
  responseBytes = 0;
  responseType = "";
  /** Characters of `path` that a stripped prefix takes away. */
  strippedLength = 0;
  phase: number = Phase.Waiting;
  sink: RequestSink | null = null;
  /** The target that counts this exchange as in flight. */
  claim: Claim | null = null;
  /** How many targets have been tried. */
  attempts = 0;
  /** Lower-case names of response fields to be logged, from the service. */
  loggedResponse: readonly string[] = [];
  /** More keys and values for the access log, in order; null in the usual case. */
  loggedFields: [name: string, value: string][] | null = null;

  /** Called once, when nothing more will happen: the journey writes the access log. */
  onEnd: ((exchange: Exchange) => void) | null = null;
  /** Called when the client leaves before the exchange is claimed by a target (it may be waiting in a pause). */
  onClientGone: (() => void) | null = null;

  get upgraded(): boolean {
    return this.phase === Phase.Tunnelling;
  }

  /** The value of a request field by name, joined with `,` when repeated; undefined when absent. For rare use. */
  abstract requestField(name: string): string | undefined;

  /** Writes the request head for the target into the thread's output buffer, unflushed. */
  abstract writeForwardedHead(forwarding: Forwarding): void;

  /** Lets the body flow into `sink`. Once per attempt; a second attempt starts from the first byte. */
  abstract startBody(sink: RequestSink): void;
  /** True while a further attempt could send the whole body again. */
  abstract readonly replayable: boolean;
  abstract resumeRequestBody(): void;
  abstract readonly requestComplete: boolean;

  /** Passes a 1xx on. */
  abstract inform(head: ResponseHead): void;
  /** Passes the final head on; the body follows with `body`, then `end`. */
  abstract respond(head: ResponseHead): void;
  abstract body(bytes: Buffer, start: number, end: number): void;
  /** @param trailers wire text of the trailer section, may be empty */
  abstract end(trailers: string): void;
  /** Writes out what has been gathered; false asks the target to pause until `sink.resumeResponse`. */
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
};
