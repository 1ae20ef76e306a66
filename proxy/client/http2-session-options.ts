/** Limits → the settings that an HTTP/2 client is told, and the bounds that node keeps it to. */
import type { ServerSessionOptions } from "node:http2";
import type { Limits } from "../limits.ts";

const BYTES_PER_MEGABYTE = 1_000_000;

export function sessionOptions(limits: Limits): ServerSessionOptions {
  return {
    settings: {
      maxConcurrentStreams: limits.maxHttp2Streams,
      maxHeaderListSize: limits.maxRequestHeadBytes,
      initialWindowSize: limits.http2StreamWindowBytes,
      // WebSockets come by HTTP/1.1 (RFC 8441 is not offered), and nothing is pushed.
      enableConnectProtocol: false,
    },
    maxHeaderListPairs: limits.maxHttp2FieldPairs,
    maxSessionMemory: limits.maxHttp2SessionBytes / BYTES_PER_MEGABYTE,
    streamResetBurst: limits.http2ResetBurst,
    streamResetRate: limits.http2ResetsPerSecond,
    maxSessionInvalidFrames: limits.maxHttp2InvalidFrames,
    maxSessionRejectedStreams: limits.maxHttp2RejectedStreams,
    // Twice the same field is the target's affair: it must not throw here.
    strictSingleValueFields: false,
  };
}
