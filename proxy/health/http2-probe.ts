/** One health probe by HTTP/2 without TLS: a GET, or a call of the gRPC health service, on a connection of its own. */
import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import { connect } from "node:net";
import { failureOf } from "../http1/get-once.ts";
import { GRPC_HEALTH_PATH, GRPC_HEALTH_REQUEST, judgeGrpcHealth } from "./grpc-health.ts";
import { type ProbeOutcome, type ProbeRequest, type ProbeResult, type ProbeStage, probe } from "./probe.ts";

/** The body of a health check is of no interest beyond this; the rest is left unread. */
const MAX_BODY_BYTES = 64 * 1024;
const BODY_HEAD_BYTES = 512;
const NO_ERROR = 0;

/** As `probe`, with its deadline for the try as a whole. */
export async function probeHttp2(target: ProbeRequest, signal?: AbortSignal): Promise<ProbeResult> {
  const startedAt = performance.now();
  const { outcome, spokeHttp2 } = await ask(target, signal);
  const leftMs = target.timeoutMs - (performance.now() - startedAt);
  const speechless = !spokeHttp2 && (outcome.kind === "not-http" || outcome.kind === "reset");
  if (speechless && leftMs > 0 && !signal?.aborted) {
    // Servers of HTTP/1.1 say 400 to HTTP/2, or nothing at all: a question in their own words makes sure.
    const other = await probe({ ...target, path: "/", timeoutMs: leftMs }, signal);
    if (other.kind === "healthy" || other.kind === "status") {
      const detail = "it speaks HTTP/1.1, not HTTP/2 without TLS";
      return { kind: "other-protocol", detail, durationMs: performance.now() - startedAt };
    }
    // It has told the first words of what it speaks.
    if (other.kind === "not-http") return { ...other, durationMs: performance.now() - startedAt };
  }
  return { ...outcome, durationMs: performance.now() - startedAt };
}

type Asked = { readonly outcome: ProbeOutcome; readonly spokeHttp2: boolean };

function ask(target: ProbeRequest, signal?: AbortSignal): Promise<Asked> {
  return new Promise((resolve) => {
    let stage: ProbeStage = "lookup";
    let spokeHttp2 = false;
    const socket = connect({ host: target.host, port: target.port, noDelay: true });
    // Loaded only here: a proxy without such targets does not pay for it.
    const session = process.getBuiltinModule("node:http2").connect("http://target", { createConnection: () => socket });
    const deadline = setTimeout(onDeadline, target.timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("lookup", (error) => {
      if (!error) stage = "connect";
    });
    socket.once("connect", () => {
      stage = "response";
    });
    session.once("remoteSettings", () => {
      spokeHttp2 = true;
    });
    session.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code?.startsWith("ERR_HTTP2")) finish({ kind: "not-http", detail: error.message });
      else finish(failureOf(error));
    });
    session.once("close", () => finish(RESET));
    const answer = new Http2Answer(sendRequest(session, target), isGrpc(target), finish, () => {
      stage = "body";
    });
    answer.listen();

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
      resolve({ outcome, spokeHttp2 });
      session.destroy();
    }
  });
}

const RESET: ProbeOutcome = { kind: "reset", detail: "connection closed before the response was complete" };

type Requesting = { request(headers: Record<string, string>, options: { endStream: boolean }): ClientHttp2Stream };

function isGrpc(target: ProbeRequest): boolean {
  return target.path === GRPC_HEALTH_PATH;
}

function sendRequest(session: Requesting, target: ProbeRequest): ClientHttp2Stream {
  const grpc = isGrpc(target);
  const fields = {
    ":method": grpc ? "POST" : "GET",
    ":scheme": "http",
    ":authority": target.hostHeader,
    ":path": target.path,
    "user-agent": "kamal-proxy",
    ...(grpc ? { "content-type": "application/grpc", te: "trailers" } : { accept: "*/*" }),
  };
  const stream = session.request(fields, { endStream: !grpc });
  if (grpc) stream.end(GRPC_HEALTH_REQUEST);
  return stream;
}

/** One response, until enough is known to judge it. */
class Http2Answer {
  readonly #stream: ClientHttp2Stream;
  readonly #grpc: boolean;
  readonly #finish: (outcome: ProbeOutcome) => void;
  readonly #onHead: () => void;
  #status = 0;
  #fields: IncomingHttpHeaders = {};
  #trailers: IncomingHttpHeaders = {};
  #body = Buffer.alloc(0);
  #total = 0;

  constructor(stream: ClientHttp2Stream, grpc: boolean, finish: (outcome: ProbeOutcome) => void, onHead: () => void) {
    this.#stream = stream;
    this.#grpc = grpc;
    this.#finish = finish;
    this.#onHead = onHead;
  }

  listen(): void {
    const stream = this.#stream;
    stream.on("response", (fields) => {
      this.#fields = fields;
      this.#status = Number(fields[":status"]);
      this.#onHead();
    });
    stream.on("trailers", (fields) => {
      this.#trailers = fields;
    });
    stream.on("data", (chunk: Buffer) => this.#takeBody(chunk));
    stream.on("end", () => {
      const whole = this.#status !== 0 && stream.rstCode === NO_ERROR;
      this.#finish(whole ? this.#outcome() : RESET);
    });
    // What it means, the session or the close says.
    stream.on("error", () => undefined);
    stream.on("close", () => setImmediate(() => this.#finish(RESET)));
  }

  #takeBody(chunk: Buffer): void {
    const room = BODY_HEAD_BYTES - this.#body.length;
    if (room > 0) this.#body = Buffer.concat([this.#body, chunk.subarray(0, room)]);
    this.#total += chunk.length;
    if (this.#total >= MAX_BODY_BYTES) this.#finish(this.#outcome());
  }

  #outcome(): ProbeOutcome {
    const status = this.#status;
    if (status > 299 || status < 200) {
      const location = this.#fields["location"] ?? "";
      return { kind: "status", status, location, bodyHead: this.#body.toString("utf8") };
    }
    if (!this.#grpc) return { kind: "healthy", status };
    const said = this.#trailers["grpc-status"] === undefined ? this.#fields : this.#trailers;
    return judgeGrpcHealth(said["grpc-status"]?.toString(), said["grpc-message"]?.toString() ?? "", this.#body);
  }
}
