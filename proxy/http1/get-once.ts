/**
 * One GET on a connection of its own → what came back, as a typed record. It follows no redirect and knows no
 * HTTP_PROXY; from name look-up to the end of the body there is one deadline. Responses are read with the engine's own
 * parsers: what they refuse, clients would not get either (and `node:http` would cost 17 MB).
 */
import { connect, isIP, type Socket } from "node:net";
import { DEFAULT_LIMITS } from "../limits.ts";
import { ChunkedDecoder } from "./chunked-decoder.ts";
import { INCOMPLETE } from "./field-section.ts";
import { isBodiless } from "./message-length.ts";
import { ResponseHead } from "./response-head.ts";

export type GetRequest = {
  readonly host: string;
  readonly port: number;
  /** Over TLS, with a certificate that the system's authorities vouch for; `node:tls` is loaded only then. */
  readonly tls: boolean;
  /** Request target, query included. */
  readonly path: string;
  /** Value of the `Host` field. */
  readonly hostHeader: string;
  /** Wire text of more fields (`Name: value\r\n…`); may be empty. */
  readonly fields: string;
  readonly timeoutMs: number;
  /** How much of the body is read; with that, the response counts as complete. */
  readonly maxBodyBytes: number;
  /** How much of it is kept. */
  readonly keepBodyBytes: number;
  /** A status that says it all: its body is not waited for. */
  readonly enoughStatus?: number;
};

export type GetResult =
  | {
      readonly kind: "response";
      readonly status: number;
      readonly location: string;
      /** Its first bytes, and how many were read. */
      readonly body: Buffer;
      readonly bodyBytes: number;
    }
  | { readonly kind: "timed-out"; readonly stage: GetStage }
  /** `beginning` is what came of it. */
  | { readonly kind: "not-http"; readonly detail: string; readonly beginning: Buffer }
  | GetFailure;

export type GetFailure = {
  readonly kind: "refused" | "reset" | "dns" | "unreachable";
  readonly detail: string;
};

/** How far it got. */
export type GetStage = "lookup" | "connect" | "response" | "body";

const KINDS: ReadonlyMap<string, "refused" | "reset" | "dns" | "unreachable"> = new Map([
  ["ECONNREFUSED", "refused"],
  ["ECONNRESET", "reset"],
  ["EPIPE", "reset"],
  ["ENOTFOUND", "dns"],
  ["EAI_AGAIN", "dns"],
  ["EAI_FAIL", "dns"],
  ["EAI_NODATA", "dns"],
]);

/** Never rejects: every failure is a result. An abort ends it as `unreachable`, for callers that no longer ask. */
export async function getOnce(request: GetRequest, signal?: AbortSignal): Promise<GetResult> {
  const tls = request.tls ? await import("node:tls") : null;
  if (signal?.aborted) return { kind: "unreachable", detail: "aborted" };
  return new Promise((resolve) => {
    const { host, port } = request;
    let stage: GetStage = "lookup";
    const reader = new ResponseReader(request);
    const socket =
      tls === null
        ? connect({ host, port, noDelay: true })
        : tls.connect({ host, port, ALPNProtocols: ["http/1.1"], ...(isIP(host) === 0 ? { servername: host } : {}) });
    const deadline = setTimeout(onDeadline, request.timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("lookup", (error) => {
      if (!error) stage = "connect";
    });
    socket.once(tls === null ? "connect" : "secureConnect", () => {
      stage = "response";
      write(socket, request);
    });
    socket.on("data", (chunk: Buffer) => {
      const result = reader.take(chunk);
      if (reader.hasHead) stage = "body";
      if (result) finish(result);
    });
    socket.once("end", () => finish(reader.ended()));
    socket.on("error", (error) => finish(failureOf(error)));

    function onDeadline(): void {
      // After a stall of this process an answer may be waiting to be read; look before blaming the other side.
      setImmediate(() => finish({ kind: "timed-out", stage }));
    }
    function onAbort(): void {
      finish({ kind: "unreachable", detail: "aborted" });
    }
    function finish(result: GetResult): void {
      clearTimeout(deadline);
      signal?.removeEventListener("abort", onAbort);
      resolve(result);
      socket.destroy();
    }
  });
}

function write(socket: Socket, { path, hostHeader, fields }: GetRequest): void {
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostHeader}\r\n${fields}Connection: close\r\n\r\n`, "latin1");
}

/** The bytes of one response, until nothing more has to be read. */
class ResponseReader {
  hasHead = false;
  readonly #request: GetRequest;
  readonly #head = new ResponseHead(DEFAULT_LIMITS);
  #received = Buffer.alloc(0);
  #status = 0;
  #location = "";
  /** Bytes of body still to come; Infinity when only the close ends it. */
  #left = 0;
  #decoder: ChunkedDecoder | null = null;
  #body = Buffer.alloc(0);
  #bodyBytes = 0;

  constructor(request: GetRequest) {
    this.#request = request;
  }

  /** Returns the result once there is one. */
  take(chunk: Buffer): GetResult | undefined {
    if (this.hasHead) return this.#takeBody(chunk);
    this.#received = Buffer.concat([this.#received, chunk]);
    let start = 0;
    for (;;) {
      const end = this.#head.parse(this.#received, start, this.#received.length);
      if (end === INCOMPLETE) return undefined;
      if (end < 0) return this.#notHttp(`begins with ${JSON.stringify(this.#beginning())}`);
      start = end;
      if (this.#head.status === 101) return this.#notHttp("101 Switching Protocols to a plain GET");
      if (this.#head.status >= 200) break;
    }
    this.#beginBody();
    return this.#takeBody(this.#received.subarray(start));
  }

  /** The other side has closed the connection. */
  ended(): GetResult {
    if (this.hasHead && this.#left === Number.POSITIVE_INFINITY && this.#decoder === null) return this.#result();
    return { kind: "reset", detail: "connection closed before the response was complete" };
  }

  #beginBody(): void {
    const head = this.#head;
    this.hasHead = true;
    this.#status = head.status;
    this.#location = head.valueOf("location") ?? "";
    if (isBodiless("GET", head.status) || head.status === this.#request.enoughStatus) this.#left = 0;
    else if (head.chunked) this.#decoder = new ChunkedDecoder(DEFAULT_LIMITS.maxTrailerBytes);
    else this.#left = head.contentLength >= 0 ? head.contentLength : Number.POSITIVE_INFINITY;
  }

  #takeBody(chunk: Buffer): GetResult | undefined {
    let data = chunk;
    if (this.#decoder !== null) {
      data = Buffer.allocUnsafe(chunk.length);
      data = data.subarray(0, this.#decoder.decode(chunk, 0, chunk.length, data, 0));
      if (this.#decoder.failed) return this.#notHttp("the body's chunks are malformed");
    }
    const room = this.#request.keepBodyBytes - this.#body.length;
    if (room > 0) this.#body = Buffer.concat([this.#body, data.subarray(0, room)]);
    this.#bodyBytes += data.length;
    this.#left -= data.length;
    const complete = this.#decoder === null ? this.#left <= 0 : this.#decoder.done;
    return complete || this.#bodyBytes >= this.#request.maxBodyBytes ? this.#result() : undefined;
  }

  #result(): GetResult {
    return {
      kind: "response",
      status: this.#status,
      location: this.#location,
      body: this.#body,
      bodyBytes: this.#bodyBytes,
    };
  }

  #notHttp(detail: string): GetResult {
    return { kind: "not-http", detail, beginning: this.#received };
  }

  #beginning(): string {
    return this.#received.toString("latin1", 0, 40);
  }
}

/** The kind of a socket's error. */
export function failureOf(error: NodeJS.ErrnoException): GetFailure {
  return { kind: KINDS.get(error.code ?? "") ?? "unreachable", detail: error.message };
}
