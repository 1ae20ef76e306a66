import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { explainFailure } from "../../../proxy/health/diagnosis.ts";
import { GRPC_HEALTH_PATH } from "../../../proxy/health/grpc-health.ts";
import type { ProbeOutcome, ProbeRequest } from "../../../proxy/health/probe.ts";
import { probeTarget } from "../../../proxy/health/probe-target.ts";
import { failureText, outcomeText } from "../../../proxy/health/probe-words.ts";
import { Transcript } from "../../../proxy/health/transcript.ts";
import { type H2cHandler, startH2cApp } from "../../support/h2c-app.ts";
import { startHealthApp } from "../../support/health-app.ts";
import { unusedPort } from "../../support/unused-port.ts";

const to = (port: number, changes: Partial<ProbeRequest> = {}): ProbeRequest => ({
  host: "127.0.0.1",
  port,
  path: "/up",
  hostHeader: "app.example.com",
  timeoutMs: 1_000,
  protocol: "h2c",
  ...changes,
});

const answering =
  (status: number, fields: Record<string, string> = {}, body = ""): H2cHandler =>
  (stream) => {
    stream.respond({ ":status": status, ...fields });
    stream.end(body);
  };

test.each([200, 204, 299])("a GET by HTTP/2: %d is healthy", async (status) => {
  const app = await startH2cApp(answering(status));
  expect(await probeTarget(to(app.port, { path: "/up?full=1" }))).toMatchObject({ kind: "healthy", status });
  expect(app.requests[0]).toMatchObject({
    ":method": "GET",
    ":path": "/up?full=1",
    ":authority": "app.example.com",
    "user-agent": "kamal-proxy",
  });
});

test("other statuses are told with their first words, and redirects are not followed", async () => {
  const failing = await startH2cApp(answering(500, {}, "Boom"));
  expect(outcomeText(await probeTarget(to(failing.port)))).toBe('500 Internal Server Error: "Boom"');
  const moved = await startH2cApp(answering(301, { location: "/login" }));
  expect(await probeTarget(to(moved.port))).toMatchObject({ kind: "status", status: 301, location: "/login" });
  expect(moved.requests).toHaveLength(1);
});

test("nobody listens, nobody answers, the stream or the connection breaks", async () => {
  expect((await probeTarget(to(await unusedPort()))).kind).toBe("refused");
  const silent = await startH2cApp(() => undefined);
  expect(await probeTarget(to(silent.port, { timeoutMs: 150 }))).toMatchObject({
    kind: "timed-out",
    stage: "response",
  });
  const hanging = await startH2cApp((stream) => {
    stream.respond({ ":status": 200 });
    stream.write("abc");
  });
  expect(await probeTarget(to(hanging.port, { timeoutMs: 150 }))).toMatchObject({ kind: "timed-out", stage: "body" });
  const resetting = await startH2cApp((stream) => stream.close(2));
  expect((await probeTarget(to(resetting.port))).kind).toBe("reset");
  const dying = await startH2cApp((stream) => stream.session?.socket.destroy());
  expect((await probeTarget(to(dying.port))).kind).toBe("reset");
});

test("an abort ends the try", async () => {
  const silent = await startH2cApp(() => undefined);
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 50);
  expect(await probeTarget(to(silent.port), abort.signal)).toMatchObject({ kind: "unreachable", detail: "aborted" });
});

function explain(request: ProbeRequest, outcome: ProbeOutcome): string {
  const transcript = new Transcript();
  transcript.add({ ...outcome, durationMs: 1 });
  return explainFailure(request, transcript, 30_000).join("\n");
}

test("a target of the other protocol is recognised, both ways, and the flag is named", async () => {
  const http1 = await startHealthApp(200);
  onTestFinished(() => http1.kill());
  const asked = to(http1.port);
  const result = await probeTarget(asked);
  expect(outcomeText(result)).toBe("wrong protocol: it speaks HTTP/1.1, not HTTP/2 without TLS");
  expect(explain(asked, result)).toMatch(/Leave --target-protocol out/);
  const h2c = await startH2cApp(answering(200));
  const plain = to(h2c.port, { protocol: "http1" });
  const other = await probeTarget(plain);
  expect(failureText(other)).toBe("it speaks HTTP/2 without TLS, not HTTP/1.1");
  expect(explain(plain, other)).toMatch(/Deploy with --target-protocol h2c/);
});

test("something that speaks neither", async () => {
  const server = createServer((socket) => void socket.on("error", () => undefined).write("SSH-2.0-OpenSSH_9.2\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  expect((await probeTarget(to((server.address() as AddressInfo).port))).kind).toBe("not-http");
});

const message = (...bytes: number[]) => Buffer.from([0, 0, 0, 0, bytes.length, ...bytes]);

function health(status: string, body: Buffer, text = ""): H2cHandler {
  return (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    expect(headers).toMatchObject({ ":method": "POST", "content-type": "application/grpc", te: "trailers" });
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      expect(Buffer.concat(chunks)).toEqual(Buffer.alloc(5));
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status, "grpc-message": text }));
      stream.end(body);
    });
  };
}

test.each<[string, H2cHandler, string]>([
  ["SERVING", health("0", message(8, 1)), "healthy (200)"],
  ["NOT_SERVING", health("0", message(8, 2)), "NOT_SERVING"],
  ["an empty message", health("0", message()), "UNKNOWN"],
  ["no message", health("0", Buffer.alloc(0)), "an answer that is no HealthCheckResponse"],
  ["an error", health("13", Buffer.alloc(0), "no database"), "gRPC status 13 INTERNAL: no database"],
  [
    "no such service, said at once",
    (stream) => stream.respond({ ":status": 200, "grpc-status": "12" }, { endStream: true }),
    "gRPC status 12 UNIMPLEMENTED",
  ],
  ["a web page", answering(200, {}, "<h1>"), "no gRPC status"],
  ["404", answering(404), "404 Not Found"],
])("gRPC's own health service: %s", async (_, handler, words) => {
  const app = await startH2cApp(handler);
  expect(outcomeText(await probeTarget(to(app.port, { path: GRPC_HEALTH_PATH })))).toBe(words);
});
