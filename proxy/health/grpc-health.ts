/** The gRPC health protocol: the request that asks for the whole server, and the judgement of the answer. */
import type { ProbeOutcome } from "./probe.ts";

/** A check of this path is a call of the health service (grpc.health.v1). */
export const GRPC_HEALTH_PATH = "/grpc.health.v1.Health/Check";

/** HealthCheckRequest with an empty service name: not compressed, no bytes. */
export const GRPC_HEALTH_REQUEST: Buffer = Buffer.alloc(5);

const SERVING_STATES: readonly string[] = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
const PREFIX_BYTES = 5;
const STATUS_TAG = 0x08;
/** Names of the status codes, by number. Source: gRPC's statuscodes.md. */
const CODES: readonly string[] = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

/**
 * @param status `grpc-status` of trailers or head, undefined when there was none; `message` is `grpc-message`
 * @param body all DATA of the response
 */
export function judgeGrpcHealth(status: string | undefined, message: string, body: Buffer): ProbeOutcome {
  const code = status === undefined ? -1 : Number(status);
  if (code !== 0) {
    const name = code === -1 ? "no gRPC status" : `gRPC status ${code} ${CODES[code] ?? ""}`.trimEnd();
    return { kind: "grpc", code, detail: message === "" ? name : `${name}: ${readable(message)}` };
  }
  const state = servingState(body);
  if (state === 1) return { kind: "healthy", status: 200 };
  return { kind: "grpc", code, detail: SERVING_STATES[state] ?? "an answer that is no HealthCheckResponse" };
}

/** The enum in field 1 of the one message; 0 when it is left out, -1 when there is no such message. */
function servingState(body: Buffer): number {
  if (body.length < PREFIX_BYTES || body[0] !== 0) return -1;
  const length = body.readUInt32BE(1);
  if (length !== body.length - PREFIX_BYTES) return -1;
  if (length === 0) return 0;
  return length === 2 && body[PREFIX_BYTES] === STATUS_TAG ? (body[PREFIX_BYTES + 1] as number) : -1;
}

/** Status messages travel percent-encoded. Source: gRPC over HTTP/2, "Responses". */
function readable(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
