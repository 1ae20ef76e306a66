/**
 * One health probe: a GET on a connection of its own → a typed record of what came back. It follows no redirect and
 * knows no HTTP_PROXY; a try as a whole, from name look-up to the end of the body, has one deadline.
 */
import { Agent, type IncomingMessage, request } from "node:http";

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
    const agent = new Agent({ keepAlive: false });
    const outgoing = request({
      agent,
      host: target.host,
      port: target.port,
      path: target.path,
      headers: { Host: target.hostHeader, "User-Agent": "kamal-proxy", Accept: "*/*" },
      maxHeaderSize: 64 * 1024,
    });
    const deadline = setTimeout(onDeadline, target.timeoutMs);
    signal?.addEventListener("abort", onAbort, { once: true });
    outgoing.once("socket", (socket) => {
      socket.once("lookup", (error) => {
        if (!error) stage = "connect";
      });
      socket.once("connect", () => {
        stage = "response";
      });
    });
    outgoing.once("response", (response) => {
      stage = "body";
      readBodyHead(response, (body) => finish(body instanceof Error ? failureOf(body) : outcomeOf(response, body)));
    });
    // A 101 is no answer to a plain GET.
    outgoing.once("upgrade", () => finish({ kind: "not-http", detail: "101 Switching Protocols to a plain GET" }));
    outgoing.on("error", (error) => finish(failureOf(error)));
    outgoing.end();

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
      outgoing.destroy();
      agent.destroy();
    }
  });
}

/** Calls back once: with the first bytes when the body ends or is long enough, or with what broke it off. */
function readBodyHead(response: IncomingMessage, done: (body: Buffer | Error) => void): void {
  const chunks: Buffer[] = [];
  let kept = 0;
  let total = 0;
  response.on("data", (chunk: Buffer) => {
    if (kept < BODY_HEAD_BYTES) {
      const part = chunk.subarray(0, BODY_HEAD_BYTES - kept);
      chunks.push(part);
      kept += part.length;
    }
    total += chunk.length;
    if (total >= MAX_BODY_BYTES) done(Buffer.concat(chunks));
  });
  response.once("end", () => done(Buffer.concat(chunks)));
  response.once("error", done);
}

function outcomeOf(response: IncomingMessage, body: Buffer): ProbeOutcome {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status <= 299) return { kind: "healthy", status };
  return { kind: "status", status, location: response.headers.location ?? "", bodyHead: body.toString("utf8") };
}

function failureOf(error: NodeJS.ErrnoException): ProbeOutcome {
  const code = error.code ?? "";
  const detail = error.message;
  if (code.startsWith("HPE_")) return { kind: "not-http", detail };
  return { kind: KINDS.get(code) ?? "unreachable", detail };
}
