/** One health probe in the protocol that the target is expected to speak → a typed record of what came back. */
import { probeHttp2 } from "./http2-probe.ts";
import { type ProbeRequest, type ProbeResult, probe } from "./probe.ts";

/** Never rejects: every failure is a result. An abort ends the try as `unreachable`, for callers that no longer ask. */
export function probeTarget(target: ProbeRequest, signal?: AbortSignal): Promise<ProbeResult> {
  return target.protocol === "h2c" ? probeHttp2(target, signal) : probe(target, signal);
}
