/**
 * An exchange whose request was read by the parser, whatever the wire was: the facts of its head, the head for the
 * target, and what becomes of it when it ends. How a response travels back is each protocol's own.
 */
import { Field } from "../http1/field-names.ts";
import { writeForwardedRequest } from "../http1/forwarded-request.ts";
import type { RequestHead } from "../http1/request-head.ts";
import type { ResponseHead } from "../http1/response-head.ts";
import { Exchange, type Forwarding, Peer, Phase } from "../request/exchange.ts";
import {
  believesForwardedFields,
  type ClaimedFields,
  forwardedFields,
  isRequestId,
} from "../request/forwarded-fields.ts";
import { loggedValue } from "../request/logged-field.ts";
import type { Arrival } from "./arrival.ts";
import type { ClientContext } from "./context.ts";

const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

export abstract class ParsedExchange extends Exchange {
  protected readonly context: ClientContext;
  readonly #headBytes: Buffer;
  readonly #headStart: number;
  readonly #headEnd: number;
  readonly #claimed: ClaimedFields = {
    forwardedFor: undefined,
    forwardedProto: undefined,
    forwardedHost: undefined,
    kamalTarget: undefined,
    hasForwardedPrefix: false,
    hasRequestId: false,
    hasRequestStart: false,
  };
  /** Values of `loggedResponse`, from a target's response head. */
  #responseFields: string[] | null = null;

  /** @param head may belong to somebody else as soon as this returns; its bytes must stay as they are */
  constructor(context: ClientContext, arrival: Arrival, head: RequestHead) {
    super();
    this.context = context;
    this.#headBytes = head.bytes;
    this.#headStart = head.start;
    this.#headEnd = head.end;
    this.method = head.method;
    this.scheme = arrival.scheme;
    this.authority = head.authority;
    this.host = head.host;
    this.path = head.emptyPath ? "/" : head.slice(head.pathStart, head.queryStart);
    this.hasQuery = head.queryStart < head.targetEnd;
    if (this.hasQuery) this.query = head.slice(head.queryStart + 1, head.targetEnd);
    this.unusualPath = head.unusualPath;
    this.requestLength = head.contentLength;
    this.clientAddress = arrival.clientAddress;
    this.clientPort = arrival.clientPort;
    this.peer = arrival.peer;
    this.localPort = arrival.localPort;
    this.misdirected = arrival.serverName !== "" && arrival.serverName !== head.host && !arrival.covers(head.host);
    this.idempotent = IDEMPOTENT_METHODS.has(head.method);
    this.#readFields(head);
    this.remoteAddress =
      this.peer === Peer.Trusted && this.#claimed.forwardedFor !== undefined && context.trustedProxies !== null
        ? context.trustedProxies.clientBehind(this.clientAddress, this.#claimed.forwardedFor)
        : this.clientAddress;
    if (!this.#claimed.hasRequestId) this.requestId = crypto.randomUUID();
  }

  override requestField(name: string): string | undefined {
    // Cookie lines cannot be joined with commas, which values may contain (RFC 9113 §8.2.3 does it this way).
    return this.head().fields.joinedValue(this.#headBytes, name, name === "cookie" ? "; " : ",");
  }

  override writeForwardedHead(forwarding: Forwarding): void {
    writeForwardedRequest(this.context.output, this.head(), {
      strippedLength: this.strippedLength,
      fallbackHost: forwarding.target,
      forwardHeaders: believesForwardedFields(this, forwarding),
      clientIpField: this.clientIpField,
      keepClientIpField: this.peer !== Peer.Stranger,
      keepRequestId: this.#claimed.hasRequestId,
      keepRequestStart: this.#claimed.hasRequestStart,
      ownFields: forwardedFields(this, this.#claimed, forwarding),
      upgrade: this.upgrade,
      bodyAtHand: this.requestBuffer !== null,
    });
  }

  /** The client has gone: the target is told, the log says 499 if nothing was answered. */
  clientGone(): void {
    if (this.phase === Phase.Ended) return;
    if (this.phase === Phase.Waiting) this.status = 499;
    const { sink, onClientGone } = this;
    this.finish();
    onClientGone?.();
    sink?.abortRequest();
  }

  /** Marks the end, once: the target's count goes down and the log line is written. */
  finish(): void {
    this.phase = Phase.Ended;
    this.sink = null;
    this.requestBuffer?.discard();
    this.responseBuffer?.discard();
    this.claim?.release(this);
    this.claim = null;
    if (this.loggedResponse.length > 0) this.#logResponseFields();
    this.onEnd?.(this);
    this.onEnd = null;
  }

  /** The parsed head: still there in the usual case, parsed again after a wait in which others used the parser. */
  protected head(): RequestHead {
    const { head } = this.context;
    if (head.bytes !== this.#headBytes || head.start !== this.#headStart) {
      head.reset(this.#headStart);
      head.parse(this.#headBytes, this.#headEnd);
    }
    return head;
  }

  /** Notes what the log and the next stations have to know of a target's final (or 101) response. */
  protected begins(phase: number, head: ResponseHead): void {
    this.phase = phase;
    this.status = head.status;
    if (this.loggedResponse.length === 0) return;
    this.#responseFields = this.loggedResponse.map((field) => loggedValue(field, head.valueOf(field.name)));
  }

  #readFields(head: RequestHead): void {
    const { ids, kept, count } = head.fields;
    const claimed = this.#claimed;
    for (let index = 0; index < count; index++) {
      if (ids[index] === Field.Other || kept[index] === 0) continue;
      switch (ids[index] as number) {
        case Field.UserAgent:
          this.userAgent = head.valueAt(index);
          break;
        case Field.ContentType:
          this.requestType = head.valueAt(index);
          break;
        case Field.XForwardedFor:
          claimed.forwardedFor = joined(claimed.forwardedFor, head.valueAt(index));
          if (this.forwardedFor === "") this.forwardedFor = head.valueAt(index);
          break;
        case Field.XForwardedProto:
          claimed.forwardedProto ??= head.valueAt(index);
          break;
        case Field.XForwardedHost:
          claimed.forwardedHost ??= head.valueAt(index);
          break;
        case Field.XKamalTarget:
          claimed.kamalTarget = joined(claimed.kamalTarget, head.valueAt(index));
          break;
        case Field.XForwardedPrefix:
          claimed.hasForwardedPrefix = true;
          break;
        case Field.XRequestId:
          // Two ids are none: which one would the application believe?
          claimed.hasRequestId = this.requestId === "" && isRequestId(head.valueAt(index));
          this.requestId = head.valueAt(index);
          break;
        case Field.XRequestStart:
          claimed.hasRequestStart = head.valueAt(index) !== "";
          break;
        case Field.IdempotencyKey:
        case Field.XIdempotencyKey:
          this.idempotent = true;
          break;
        default:
      }
    }
  }

  /** Every field that was asked for is there, with or without a response of a target. */
  #logResponseFields(): void {
    this.loggedFields ??= [];
    for (const [index, field] of this.loggedResponse.entries()) {
      this.loggedFields.push([field.key, this.#responseFields?.[index] ?? ""]);
    }
  }
}

function joined(before: string | undefined, value: string): string | undefined {
  return before === undefined ? value : `${before}, ${value}`;
}
