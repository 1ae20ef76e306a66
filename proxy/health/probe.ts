/**
 * One health probe: a GET on a connection of its own → a typed record of what came back. It follows no redirect and
 * knows no HTTP_PROXY; a try as a whole, from name look-up to the end of the body, has one deadline. It reads responses
 * with the engine's own parsers: what they refuse, clients would not get either (and `node:http` would cost 17 MB).
 */
import { connect, type Socket } from "node:net";
import { ChunkedDecoder } from "../http1/chunked-decoder.ts";
import { INCOMPLETE } from "../http1/field-section.ts";
import { isBodiless } from "../http1/message-length.ts";
import { ResponseHead } from "../http1/response-head.ts";
import { DEFAULT_LIMITS } from "../limits.ts";

export type ProbeRequest = {
  readonly host: string;
  readonly port: number;
  /** Request target, query included. */
  readonly path: string;
  /** Value of the `Host` field. */
  readonly hostHeader: string;
  readonly timeoutMs: number;
};

export type ProbeResult = ProbeOutcome & { readonly durationMs: number };

export type ProbeOutcome =
  | { readonly kind: "healthy"; readonly status: number }
  | { readonly kind: "status"; readonly status: number; readonly location: string; readonly bodyHead: string }
  | { readonly kind: "timed-out"; readonly stage: ProbeStage }
  | { readonly kind: "refused" | "reset" | "dns" | "unreachable" | "not-http"; readonly detail: string };

/** How far a try got. */
export type ProbeStage = "lookup" | "connect" | "response" | "body";

/** The body of a health check is of no interest beyond this; the rest is left unread. */
const MAX_BODY_BYTES = 64 * 1024;
const BODY_HEAD_BYTES = 512;
const KINDS: ReadonlyMap<string, "refused" | "reset" | "dns" | "unreachable"> = new Map([
  ["ECONNREFUSED", "refused"],
  ["ECONNRESET", "reset"],
  ["EPIPE", "reset"],
  ["ENOTFOUND", "dns"],
  ["EAI_AGAIN", "dns"],
  ["EAI_FAIL", "dns"],
  ["EAI_NODATA", "dns"],
]);

/** Never rejects: every failure is a result. An abort ends the try as `unreachable`, for callers that no longer ask. */
export function probe(target: ProbeRequest, signal?: AbortSignal): Promise<ProbeResult> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    let stage: ProbeStage = "lookup";
    const answer = new ProbeAnswer();
    const socket = connect({ host: target.host, port: target.port, noDelay: true });
    const deadline = setTimeout(onDeadline, target.timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("lookup", (error) => {
      if (!error) stage = "connect";
    });
    socket.once("connect", () => {
      stage = "response";
      ask(socket, target);
    });
    socket.on("data", (chunk: Buffer) => {
      const outcome = answer.take(chunk);
      if (answer.hasHead) stage = "body";
      if (outcome) finish(outcome);
    });
    socket.once("end", () => finish(answer.ended()));
    socket.on("error", (error) => finish(failureOf(error)));

    function onDeadline(): void {
      // After a stall of this process an answer may be waiting to be read; look before blaming the target.
      setImmediate(() => finish({ kind: "timed-out", stage }));
    }
    function onAbort(): void {
      finish({ kind: "unreachable", detail: "aborted" });
    }
    function finish(outcome: ProbeOutcome): void {
      clearTimeout(deadline);
      signal?.removeEventListener("abort", onAbort);
      resolve({ ...outcome, durationMs: performance.now() - startedAt });
      socket.destroy();
    }
  });
}

function ask(socket: Socket, target: ProbeRequest): void {
  socket.write(
    `GET ${target.path} HTTP/1.1\r\nHost: ${target.hostHeader}\r\nUser-Agent: kamal-proxy\r\nAccept: */*\r\n` +
      "Connection: close\r\n\r\n",
    "latin1",
  );
}

/** The bytes of one response, until enough is known to judge it. */
class ProbeAnswer {
  hasHead = false;
  readonly #head = new ResponseHead(DEFAULT_LIMITS);
  #received = Buffer.alloc(0);
  #status = 0;
  #location = "";
  /** Bytes of body still to come; Infinity when only the close ends it. */
  #left = 0;
  #decoder: ChunkedDecoder | null = null;
  #body = Buffer.alloc(0);
  #total = 0;

  /** Returns the outcome once nothing more has to be read. */
  take(chunk: Buffer): ProbeOutcome | undefined {
    if (this.hasHead) return this.#takeBody(chunk);
    this.#received = Buffer.concat([this.#received, chunk]);
    let start = 0;
    for (;;) {
      const end = this.#head.parse(this.#received, start, this.#received.length);
      if (end === INCOMPLETE) return undefined;
      if (end < 0) return { kind: "not-http", detail: `begins with ${JSON.stringify(this.#beginning())}` };
      start = end;
      if (this.#head.status === 101) return { kind: "not-http", detail: "101 Switching Protocols to a plain GET" };
      if (this.#head.status >= 200) break;
    }
    this.#beginBody();
    return this.#takeBody(this.#received.subarray(start));
  }

  /** The target has closed the connection. */
  ended(): ProbeOutcome {
    if (this.hasHead && this.#left === Number.POSITIVE_INFINITY && this.#decoder === null) return this.#outcome();
    return { kind: "reset", detail: "connection closed before the response was complete" };
  }

  #beginBody(): void {
    const head = this.#head;
    this.hasHead = true;
    this.#status = head.status;
    this.#location = head.valueOf("location") ?? "";
    if (isBodiless("GET", head.status)) this.#left = 0;
    else if (head.chunked) this.#decoder = new ChunkedDecoder(DEFAULT_LIMITS.maxTrailerBytes);
    else this.#left = head.contentLength >= 0 ? head.contentLength : Number.POSITIVE_INFINITY;
  }

  #takeBody(chunk: Buffer): ProbeOutcome | undefined {
    let data = chunk;
    if (this.#decoder !== null) {
      data = Buffer.allocUnsafe(chunk.length);
      data = data.subarray(0, this.#decoder.decode(chunk, 0, chunk.length, data, 0));
      if (this.#decoder.failed) return { kind: "not-http", detail: "the body's chunks are malformed" };
    }
    const room = BODY_HEAD_BYTES - this.#body.length;
    if (room > 0) this.#body = Buffer.concat([this.#body, data.subarray(0, room)]);
    this.#total += data.length;
    this.#left -= data.length;
    const complete = this.#decoder === null ? this.#left <= 0 : this.#decoder.done;
    return complete || this.#total >= MAX_BODY_BYTES ? this.#outcome() : undefined;
  }

  #outcome(): ProbeOutcome {
    if (this.#status <= 299) return { kind: "healthy", status: this.#status };
    return { kind: "status", status: this.#status, location: this.#location, bodyHead: this.#body.toString("utf8") };
  }

  #beginning(): string {
    return this.#received.toString("latin1", 0, 40);
  }
}

function failureOf(error: NodeJS.ErrnoException): ProbeOutcome {
  return { kind: KINDS.get(error.code ?? "") ?? "unreachable", detail: error.message };
}
