import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { HealthCheck } from "../../../proxy/health/health-check.ts";
import { type ProbeRequest, type ProbeResult, probe } from "../../../proxy/health/probe.ts";
import { failureText, outcomeText } from "../../../proxy/health/probe-words.ts";
import { startHealthApp } from "../../support/health-app.ts";

const to = (port: number, changes: Partial<ProbeRequest> = {}): ProbeRequest => ({
  host: "127.0.0.1",
  port,
  path: "/up",
  hostHeader: `127.0.0.1:${port}`,
  timeoutMs: 500,
  protocol: "http1",
  ...changes,
});

async function app(status = 200) {
  const app = await startHealthApp(status);
  onTestFinished(() => app.kill());
  return app;
}

/** A TCP server that treats its connections as the test says. */
async function bareServer(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test("asks as the original does: method, path with query, host, agent [A55 A59] [W26]", async () => {
  const { port, requests } = await app();
  expect(await probe(to(port, { path: "/up?full=1&x=%20", hostHeader: "app.example.com" }))).toMatchObject({
    kind: "healthy",
    status: 200,
  });
  expect(requests[0]).toMatchObject({ method: "GET", url: "/up?full=1&x=%20" });
  expect(requests[0]?.headers).toMatchObject({ host: "app.example.com", "user-agent": "kamal-proxy" });
});

test.each([200, 201, 204, 299])("%d is healthy [DP-04]", async (status) => {
  const { port } = await app(status);
  expect(await probe(to(port))).toMatchObject({ kind: "healthy", status });
});

test("a redirect is reported, not followed [W26 DP-04]", async () => {
  const redirecting = await app();
  const { port, requests } = redirecting;
  redirecting.respond(301, { Location: "https://app.example.com/up" });
  const result = await probe(to(port));
  expect(result).toMatchObject({ kind: "status", status: 301, location: "https://app.example.com/up" });
  expect(outcomeText(result)).toBe("301 Moved Permanently → https://app.example.com/up");
  expect(failureText(result)).toBe("unexpected status (301)");
  expect(requests).toHaveLength(1);
});

test("HTTP_PROXY is not for health checks [W26]", async () => {
  process.env["HTTP_PROXY"] = "http://127.0.0.1:1";
  process.env["NODE_USE_ENV_PROXY"] = "1";
  onTestFinished(() => {
    delete process.env["HTTP_PROXY"];
    delete process.env["NODE_USE_ENV_PROXY"];
  });
  const { port } = await app();
  expect((await probe(to(port))).kind).toBe("healthy");
});

test("an error's first words are kept, without markup and control characters [A58]", async () => {
  const failing = await app();
  const { port } = failing;
  failing.respond(
    500,
    {},
    `<!doctype html><style>b { x }</style><h1>Boom\u001b[31m</h1>\n${"<p>more</p>".repeat(1_000)}`,
  );
  const result = await probe(to(port));
  expect(outcomeText(result)).toMatch(/^500 Internal Server Error: "Boom \[31m more more .*…"$/);
  expect(result.kind === "status" && result.bodyHead.length).toBe(512);
});

test("nobody listens", async () => {
  const gone = await app();
  await gone.kill();
  const result = await probe(to(gone.port));
  expect(result).toMatchObject({ kind: "refused", detail: expect.stringContaining("ECONNREFUSED") });
  expect(outcomeText(result)).toBe("connection refused");
});

test("a name that does not exist", async () => {
  const result = await probe(to(80, { host: "no-such-app.invalid", timeoutMs: 5_000 }));
  expect(result.kind).toBe("dns");
});

test("a slow response, and a body that never ends, are one deadline's business [A57] [DP-04]", async () => {
  const slow = await bareServer(() => undefined);
  const result = await probe(to(slow, { timeoutMs: 100 }));
  expect(result).toMatchObject({ kind: "timed-out", stage: "response" });
  expect(result.durationMs).toBeGreaterThanOrEqual(99);
  expect(result.durationMs).toBeLessThan(400);
  expect(failureText(result)).toBe("request timed out");
  const hanging = await bareServer((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"));
  expect(await probe(to(hanging, { timeoutMs: 100 }))).toMatchObject({ kind: "timed-out", stage: "body" });
  const dripping = await bareServer((socket) => {
    socket.write("HTTP/1.1 200 OK\r\n");
    const timer = setInterval(() => socket.write("X-Drip: 1\r\n"), 20);
    socket.once("close", () => clearInterval(timer));
  });
  expect(await probe(to(dripping, { timeoutMs: 150 }))).toMatchObject({ kind: "timed-out", stage: "response" });
});

test("an endless body is read as far as 64 KiB, and that will do [DP-04]", async () => {
  let sent = 0;
  const endless = await bareServer((socket) => {
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    const feed = () => {
      while (!socket.destroyed && socket.write(Buffer.alloc(16_384, "x"))) sent += 16_384;
    };
    socket.on("drain", feed);
    feed();
  });
  expect(await probe(to(endless, { timeoutMs: 2_000 }))).toMatchObject({ kind: "healthy" });
  await sleep(50);
  const then = sent;
  await sleep(50);
  expect(sent).toBe(then);
});

test.each([
  ["before a response", "", "reset"],
  ["in the middle of the head", "HTTP/1.1 200 OK\r\nX:", "reset"],
  ["in the middle of the body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "reset"],
  ["after something else than HTTP", "SSH-2.0-OpenSSH_9.2\r\n", "not-http"],
  ["after an upgrade that nobody asked for", "HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "not-http"],
])("a connection that ends %s", async (_, bytes, kind) => {
  const port = await bareServer((socket) => socket.once("data", () => socket.end(bytes)));
  expect((await probe(to(port))).kind).toBe(kind);
});

test("a check looks at once, then once per interval, never two at a time, and is silent once stopped", async () => {
  const slow = await app();
  let running = 0;
  let most = 0;
  slow.answer((_request, response) => {
    running++;
    most = Math.max(most, running);
    setTimeout(() => {
      running--;
      response.end();
    }, 40);
  });
  const results: ProbeResult[] = [];
  const check = new HealthCheck({ request: to(slow.port), intervalMs: 10 }, (result) => results.push(result));
  await sleep(220);
  check.stop();
  const seen = results.length;
  expect(seen).toBeGreaterThanOrEqual(3);
  expect(seen).toBeLessThanOrEqual(6);
  expect(most).toBe(1);
  await sleep(80);
  expect(results).toHaveLength(seen);
});

test("two failures and a success are told as they come [A56]", async () => {
  const starting = await app();
  starting.answer((_request, response) => {
    response.writeHead(starting.requests.length <= 2 ? 502 : 200).end();
  });
  const results: ProbeResult[] = [];
  const check = new HealthCheck({ request: to(starting.port), intervalMs: 5 }, (result) => results.push(result));
  onTestFinished(() => check.stop());
  await expect.poll(() => results.length).toBeGreaterThanOrEqual(3);
  expect(results.slice(0, 3).map(({ kind }) => kind)).toEqual(["status", "status", "healthy"]);
});

test("an app that wants its own host name refuses another one [A59 A60]", async () => {
  const strict = await app();
  strict.answer(({ headers }, response) => {
    response.writeHead(headers.host === "app.example.com" ? 200 : 403).end();
  });
  expect(await probe(to(strict.port, { hostHeader: "other.example.com" }))).toMatchObject({
    kind: "status",
    status: 403,
  });
  expect(await probe(to(strict.port, { hostHeader: "app.example.com" }))).toMatchObject({ kind: "healthy" });
});

test("a check may be stopped by its own callback", async () => {
  const { port, requests } = await app();
  const check: HealthCheck = new HealthCheck({ request: to(port), intervalMs: 1 }, () => check.stop());
  await sleep(50);
  expect(requests).toHaveLength(1);
});
