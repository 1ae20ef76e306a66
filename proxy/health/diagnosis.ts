/** The transcript of a target that did not become healthy → the likely cause, and the flag or line to change. */
import type { ProbeOutcome, ProbeRequest } from "./probe.ts";
import type { Transcript } from "./transcript.ts";

/** Lines for a person: what was asked, what came back and when, and what that probably means. */
export function explainFailure(request: ProbeRequest, transcript: Transcript, totalMs: number): string[] {
  const lines = transcript.lines().map((line) => `  ${line}`);
  if (lines.length === 0) lines.push("  no answer yet when the time was up");
  return [`${urlOf(request)} answered:`, ...lines, `Likely cause: ${likelyCause(request, transcript, totalMs)}`];
}

/** `http://app-v2:3000/up`, with the Host field when it is another one. */
export function urlOf(request: ProbeRequest): string {
  const host = request.host.includes(":") ? `[${request.host}]` : request.host;
  const url = `http://${host}:${request.port}${request.path}`;
  return hostNameOf(request.hostHeader) === request.host ? url : `${url} (Host: ${request.hostHeader})`;
}

function likelyCause(request: ProbeRequest, transcript: Transcript, totalMs: number): string {
  const last = transcript.runs.at(-1);
  if (last === undefined) {
    return `the first check had not ended after ${seconds(totalMs)}; give it longer (--deploy-timeout) or see why the app is slow.`;
  }
  if (last.outcome.kind === "healthy") {
    const flapping = transcript.runs.some((run) => run.outcome.kind !== "healthy");
    return flapping
      ? "the target is healthy now and then; all targets have to be healthy at the same moment. See the app's log."
      : "this target is healthy; another one is not.";
  }
  const everHealthy = transcript.runs.some((run) => run.outcome.kind === "healthy");
  const cause = causeOf(last.outcome, request);
  return everHealthy ? `the app was healthy for a while and then failed: ${cause}` : cause;
}

function causeOf(outcome: ProbeOutcome, request: ProbeRequest): string {
  if (outcome.kind === "healthy") return "";
  if (outcome.kind === "timed-out") return timeoutCause(outcome.stage, request);
  return outcome.kind === "status"
    ? statusCause(outcome, request)
    : FAILURE_CAUSES[outcome.kind](request, outcome.detail);
}

const FAILURE_CAUSES = {
  refused: ({ host, port }: ProbeRequest) =>
    `nothing listens on port ${port} of ${host}. The app is not up yet, has crashed (see its log), listens on another port (--target host:port, --health-check-port), or only on 127.0.0.1 inside its container (make it listen on 0.0.0.0).`,
  reset: () =>
    "the app closed the connection without a complete response: it is crashing, or the port speaks something else than plain HTTP (TLS, for instance). See the app's log.",
  dns: ({ host }: ProbeRequest) =>
    `the name ${host} does not exist on the proxy's network. The container is not running, or it is not on the same Docker network as the proxy (docker network connect kamal <container>).`,
  unreachable: ({ host }: ProbeRequest, detail: string) =>
    `there is no way to ${host}: ${detail}. Check that the container runs and shares a network with the proxy.`,
  "other-protocol": ({ port, protocol }: ProbeRequest, detail: string) =>
    protocol === "h2c"
      ? `port ${port}: ${detail}. Leave --target-protocol out (or say http1).`
      : `port ${port}: ${detail}. Deploy with --target-protocol h2c.`,
  grpc: ({ path }: ProbeRequest, detail: string) =>
    `the app's gRPC health service (${path}) says: ${detail}. It has to answer SERVING for the empty service name; the app's log may say why it does not. An app without that service can be checked at a path of its own (--health-check-path).`,
  "not-http": ({ port }: ProbeRequest, detail: string) =>
    `port ${port} does not speak plain HTTP (${detail}). Check the port (--target host:port, --health-check-port); targets are spoken to without TLS.`,
} as const;

function timeoutCause(stage: "lookup" | "connect" | "response" | "body", request: ProbeRequest): string {
  const limit = `within the ${seconds(request.timeoutMs)} of a check (--health-check-timeout)`;
  if (stage === "lookup") return `the name ${request.host} was not resolved ${limit}; check the proxy's DNS.`;
  if (stage === "connect") {
    return `${request.host} did not accept a connection ${limit}. A firewall drops it, or the address is not on a network that the proxy can reach.`;
  }
  const what = stage === "response" ? "begin" : "finish";
  return `the app accepts connections but did not ${what} its response ${limit}. It hangs, waits for a database, or is still starting; let ${request.path} do less, or give it longer.`;
}

function statusCause(outcome: { status: number; location: string }, request: ProbeRequest): string {
  const { status, location } = outcome;
  if (status >= 300 && status < 400 && location !== "") {
    return /^https:/i.test(location)
      ? `the app redirects plain HTTP to HTTPS. The proxy ends TLS and speaks HTTP to the app: exclude ${request.path} from that redirect (in Rails: config.ssl_options, or assume_ssl instead of force_ssl).`
      : `the app redirects the check; only 2xx counts and redirects are not followed. Use a path that answers directly (--health-check-path), or the host name that the app expects (--health-check-host).`;
  }
  if (status === 404) return `the app knows no ${request.path}; set the right path (--health-check-path).`;
  if (status === 400 || status === 401 || status === 403 || status === 421) {
    return `the app refuses the check. Either it does not accept the host name "${hostNameOf(request.hostHeader)}" (--health-check-host; in Rails: config.host_authorization), or ${request.path} asks for a login (--health-check-path).`;
  }
  if (status >= 500)
    return `the app fails to answer ${request.path}; its log says why. The first words of its response are above.`;
  return `only a status of 200 to 299 counts as healthy; see what ${request.path} does (--health-check-path).`;
}

function hostNameOf(authority: string): string {
  return authority.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(3))}s`;
}
