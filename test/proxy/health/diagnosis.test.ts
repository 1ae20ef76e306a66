import { expect, test } from "vitest";
import { explainFailure } from "../../../proxy/health/diagnosis.ts";
import type { ProbeOutcome, ProbeRequest } from "../../../proxy/health/probe.ts";
import { Transcript } from "../../../proxy/health/transcript.ts";

const REQUEST: ProbeRequest = {
  host: "app-v2",
  port: 3000,
  path: "/up",
  hostHeader: "app-v2:3000",
  timeoutMs: 5_000,
  protocol: "http1",
};

function explain(outcomes: readonly ProbeOutcome[], request = REQUEST): string {
  const transcript = new Transcript();
  for (const outcome of outcomes) transcript.add({ ...outcome, durationMs: 1 });
  return explainFailure(request, transcript, 30_000).join("\n");
}

const status = (status: number, location = "", bodyHead = "") =>
  ({ kind: "status", status, location, bodyHead }) as const;

test.each<[string, ProbeOutcome, RegExp]>([
  ["refused", { kind: "refused", detail: "" }, /nothing listens on port 3000.*--target host:port.*127\.0\.0\.1/],
  ["unknown name", { kind: "dns", detail: "" }, /name app-v2 does not exist on the proxy's network.*docker network/],
  ["closed", { kind: "reset", detail: "" }, /closed the connection/],
  ["unreachable", { kind: "unreachable", detail: "EHOSTUNREACH" }, /no way to app-v2: EHOSTUNREACH/],
  ["HTTP/2", { kind: "other-protocol", detail: "it speaks HTTP/2" }, /speaks HTTP\/2.*--target-protocol h2c/],
  ["not serving", { kind: "grpc", code: 0, detail: "NOT_SERVING" }, /says: NOT_SERVING.*--health-check-path/],
  ["TLS port", { kind: "not-http", detail: "Parse Error" }, /does not speak plain HTTP/],
  ["no look-up", { kind: "timed-out", stage: "lookup" }, /not resolved within the 5s/],
  ["no connection", { kind: "timed-out", stage: "connect" }, /did not accept a connection.*firewall/i],
  ["no response", { kind: "timed-out", stage: "response" }, /did not begin its response.*--health-check-timeout/],
  ["no end", { kind: "timed-out", stage: "body" }, /did not finish its response/],
  ["force_ssl", status(301, "https://app.example.com/up"), /redirects plain HTTP to HTTPS.*force_ssl/],
  ["login", status(302, "/login"), /redirects the check.*--health-check-path/],
  ["wrong path", status(404), /knows no \/up.*--health-check-path/],
  ["host not allowed", status(403), /host name "app-v2" \(--health-check-host/],
  ["unauthorised", status(401), /asks for a login/],
  ["broken", status(500, "", "NoMethodError"), /500 Internal Server Error: "NoMethodError"[^]*fails to answer \/up/],
  ["odd", status(304), /only a status of 200 to 299/],
])("%s: the cause and what to change", (_, outcome, cause) => {
  expect(explain([outcome])).toMatch(cause);
});

test("repeats are folded, with counts and times", () => {
  const lines = explain([
    ...Array.from({ length: 13 }, () => ({ kind: "refused", detail: "" }) as const),
    ...Array.from({ length: 17 }, () => status(503, "", "starting")),
  ]).split("\n");
  expect(lines[0]).toBe("http://app-v2:3000/up answered:");
  expect(lines[1]).toMatch(/^ {2}\d+\.\ds to \d+\.\ds: connection refused \(13 times\)$/);
  expect(lines[2]).toMatch(/^ {2}.*: 503 Service Unavailable: "starting" \(17 times\)$/);
  expect(lines).toHaveLength(4);
});

test("a target that says something else each time gets a bounded story", () => {
  const lines = explain(Array.from({ length: 500 }, (_, index) => status(500, "", `error ${index}`))).split("\n");
  expect(lines.length).toBeLessThan(20);
  expect(lines.join("\n")).toContain('"error 0"');
  expect(lines.join("\n")).toContain('"error 499"');
  expect(lines.join("\n")).toMatch(/… 488 more results/);
});

test("healthy at first and failing later is said so; so is flapping, and silence", () => {
  const healthy = { kind: "healthy", status: 200 } as const;
  expect(explain([healthy, status(500)])).toMatch(/was healthy for a while and then failed/);
  expect(explain([status(500), healthy])).toMatch(/healthy now and then/);
  expect(explain([healthy])).toMatch(/another one is not/);
  expect(explain([])).toMatch(/first check had not ended after 30s/);
});

test("another host name, an IPv6 address and a query are shown as they are sent", () => {
  const request = { ...REQUEST, host: "fd00::1", path: "/up?x=1", hostHeader: "app.example.com" };
  expect(explain([], request)).toMatch(/^http:\/\/\[fd00::1\]:3000\/up\?x=1 \(Host: app\.example\.com\) answered:/);
});
