/**
 * One health probe: a GET on a connection of its own → a typed record of what came back. It follows no redirect and
 * knows no HTTP_PROXY; a try as a whole, from name look-up to the end of the body, has one deadline.
 */
import { type GetResult, type GetStage, getOnce } from "../http1/get-once.ts";

export type ProbeRequest = {
  readonly host: string;
  readonly port: number;
  /** Request target, query included. */
  readonly path: string;
  /** Value of the `Host` field. */
  readonly hostHeader: string;
  readonly timeoutMs: number;
  /** What the target is expected to speak; `h2c` is HTTP/2 without TLS. */
  readonly protocol: "http1" | "h2c";
};

export type ProbeResult = ProbeOutcome & { readonly durationMs: number };

export type ProbeOutcome =
  | { readonly kind: "healthy"; readonly status: number }
  | { readonly kind: "status"; readonly status: number; readonly location: string; readonly bodyHead: string }
  | { readonly kind: "timed-out"; readonly stage: ProbeStage }
  /** It answers, but in the other protocol. */
  | { readonly kind: "other-protocol"; readonly detail: string }
  /** The gRPC health protocol said no: `code` is the call's status, or 0 for a service that is not SERVING. */
  | { readonly kind: "grpc"; readonly code: number; readonly detail: string }
  | { readonly kind: "refused" | "reset" | "dns" | "unreachable" | "not-http"; readonly detail: string };

/** How far a try got. */
export type ProbeStage = GetStage;

/** The body of a health check is of no interest beyond this; the rest is left unread. */
const MAX_BODY_BYTES = 64 * 1024;
const BODY_HEAD_BYTES = 512;
const FIELDS = "User-Agent: kamal-proxy\r\nAccept: */*\r\n";

/** Beginnings of SETTINGS, the first frame of every HTTP/2 server: length, type 4, flags, stream 0 (RFC 9113 §3.4). */
const SETTINGS_HEAD_BYTES = 9;

/** By HTTP/1.1. Never rejects: every failure is a result. An abort ends the try as `unreachable`, for callers that no longer ask. */
export async function probe(target: ProbeRequest, signal?: AbortSignal): Promise<ProbeResult> {
  const startedAt = performance.now();
  const { host, port, path, hostHeader, timeoutMs } = target;
  const request = { host, port, path, hostHeader, timeoutMs, tls: false, fields: FIELDS };
  const result = await getOnce({ ...request, maxBodyBytes: MAX_BODY_BYTES, keepBodyBytes: BODY_HEAD_BYTES }, signal);
  return { ...outcomeOf(result), durationMs: performance.now() - startedAt };
}

function outcomeOf(result: GetResult): ProbeOutcome {
  if (result.kind === "not-http") {
    return isSettings(result.beginning)
      ? { kind: "other-protocol", detail: "it speaks HTTP/2 without TLS, not HTTP/1.1" }
      : { kind: "not-http", detail: result.detail };
  }
  if (result.kind !== "response") return result;
  const { status, location, body } = result;
  if (status <= 299) return { kind: "healthy", status };
  return { kind: "status", status, location, bodyHead: body.toString("utf8") };
}

function isSettings(bytes: Buffer): boolean {
  return bytes.length >= SETTINGS_HEAD_BYTES && bytes[0] === 0 && bytes[3] === 4 && bytes.readUInt32BE(5) === 0;
}
