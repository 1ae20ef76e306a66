import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { callControl } from "../../../proxy/control/control-client.ts";
import { ControlSocket } from "../../../proxy/control/control-socket.ts";
import type { ProgressEvent } from "../../../proxy/control/progress.ts";
import { type ControlBench, startControl } from "../../support/control-bench.ts";
import { startHealthApp } from "../../support/health-app.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

async function listening(options = {}): Promise<{ bench: ControlBench; path: string; socket: ControlSocket }> {
  const bench = await startControl();
  const path = join(bench.directory, "c.sock");
  const socket = await ControlSocket.listen(path, bench.plane, bench.log.log, options);
  onTestFinished(async () => {
    await bench.plane.close();
    await socket.close();
  });
  return { bench, path, socket };
}

/** Writes bytes as they are and returns all that comes back until the server closes. */
async function raw(path: string, bytes: string | Buffer, options: { end?: boolean } = {}): Promise<string> {
  const socket = connect({ path, allowHalfOpen: true });
  let text = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => (text += chunk));
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.on("end", () => socket.end());
  if (options.end === false) socket.write(bytes);
  else socket.end(bytes);
  await new Promise((resolve) => socket.once("close", resolve));
  return text;
}

async function healthyApp(status = 200) {
  const app = await startHealthApp(status);
  onTestFinished(() => app.kill());
  return app;
}

const options = (deployTimeoutMs = 3_000) => ({
  target: { healthCheck: { intervalMs: 20 } },
  deployment: { deployTimeoutMs },
});

test("every command, over the socket", async () => {
  const { path, bench } = await listening();
  const app = await healthyApp();
  const events: ProgressEvent[] = [];
  const call = { command: "deploy", service: "web", targets: [app.address], options: options() } as const;
  const result = await callControl(path, call, (event) => void events.push(event));
  expect(result).toMatchObject({ targets: [app.address], warnings: [], drained: { completed: 0, cut: 0 } });
  expect(events.map(({ event }) => event)).toEqual(["probe", "switched"]);
  await callControl(path, { command: "pause", service: "web", options: { maxPauseMs: 7 } });
  expect((await callControl(path, { command: "list" })).services).toMatchObject([
    {
      name: "web",
      hosts: [""],
      pathPrefixes: ["/"],
      state: "paused",
      maxPauseMs: 7,
      tls: false,
      targets: [{ address: app.address, health: "healthy", inFlight: 0, lastFailure: "" }],
    },
  ]);
  const rollout = { command: "rollout-deploy", service: "web", targets: [app.address], readTargets: ["localhost:1"] };
  await expect(
    callControl(path, { ...rollout, options: { deployment: { deployTimeoutMs: 50 } } } as never),
  ).rejects.toMatchObject({ code: "target-unhealthy" });
  await callControl(path, { command: "rollout-deploy", service: "web", targets: [app.address], options: {} });
  await callControl(path, { command: "rollout-set", service: "web", options: { percentage: 5 } });
  expect(bench.dataPlane.route("web")?.rollout).toEqual({ percentage: 5, allowlist: [] });
  await callControl(path, { command: "rollout-stop", service: "web" });
  expect(bench.dataPlane.route("web")?.rollout).toBeNull();
  await callControl(path, { command: "stop", service: "web", options: { message: "soon" } });
  expect(bench.dataPlane.route("web")?.gate).toEqual({ state: "stopped", message: "soon" });
  await callControl(path, { command: "resume", service: "web" });
  await callControl(path, { command: "remove", service: "web" });
  await expect(callControl(path, { command: "remove", service: "web" })).rejects.toMatchObject({
    code: "service-not-found",
    message: "service not found",
  });
});

test("the socket is private and goes away when it is closed [W20 CS-02]", async () => {
  const { path, socket, bench } = await listening();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await socket.close();
  expect(await readdir(bench.directory)).not.toContain("c.sock");
});

test("a second proxy does not take the socket over [CS-01]", async () => {
  const { path, bench } = await listening();
  await expect(ControlSocket.listen(path, bench.plane, bench.log.log)).rejects.toMatchObject({
    code: "address-in-use",
  });
  expect((await callControl(path, { command: "list" })).services).toEqual([]);
});

test("errors keep code and hint on the way", async () => {
  const { path } = await listening();
  const call = { command: "deploy", service: "web", targets: ["127.0.0.1:1"], options: options(80) } as const;
  await expect(callControl(path, call)).rejects.toMatchObject({
    code: "target-unhealthy",
    hint: expect.stringContaining("connection refused"),
  });
});

test.each([
  ["no JSON", "hello\n", /not a line of JSON/],
  ["half a UTF-8 sequence", Buffer.from([0x22, 0xc3, 0x22, 0x0a]), /not a line of JSON/],
  ["a byte order mark", "\uFEFF{}\n", /not a line of JSON/],
  ["a NUL", "\0\n", /not a line of JSON/],
  ["very deep nesting", `${"[".repeat(100_000)}\n`, /not a line of JSON/],
  ["very deep, complete nesting", `${"[".repeat(100_000)}${"]".repeat(100_000)}\n`, /not a JSON object/],
  ["no object", "[]\n", /not a JSON object/],
  ["no version", '{"command":"list"}\n', /version undefined is not supported; supported: 1/],
  ["a newer version", '{"version":2,"command":"list"}\n', /version 2 is not supported; supported: 1/],
  ["no command", '{"version":1}\n', /unknown control command \(none\) \(protocol version 1\)/],
  ["an unknown command", '{"version":1,"command":"explode"}\n', /unknown control command \\"explode\\"/],
  ["an inherited command", '{"version":1,"command":"toString"}\n', /unknown control command/],
  ["a service of another kind", '{"version":1,"command":"remove","service":7}\n', /a service name has/],
  ["no service", '{"version":1,"command":"pause","service":""}\n', /a service name has/],
  ["no targets", '{"version":1,"command":"deploy","service":"a","targets":[]}\n', /at least one target/],
  ["a bad target", '{"version":1,"command":"deploy","service":"a","targets":["http://x"]}\n', /invalid host pattern/],
  [
    "a prototype",
    '{"version":1,"command":"deploy","service":"a","targets":["x"],"options":{"service":{"__proto__":{"hosts":[]}}}}\n',
    /unknown option \\"__proto__\\"/,
  ],
  [
    "a number that is none",
    '{"version":1,"command":"pause","service":"a","options":{"maxPauseMs":1e400}}\n',
    /max-pause must be a duration/,
  ],
  [
    "an option of a later version",
    '{"version":1,"command":"deploy","service":"a","targets":["x"],"options":{"service":{"hsts":true}}}\n',
    /unknown option \\"hsts\\"/,
  ],
  [
    "a bad read target",
    '{"version":1,"command":"deploy","service":"a","targets":["x"],"readTargets":["/"]}\n',
    /host pattern/,
  ],
  [
    "no rollout targets",
    '{"version":1,"command":"rollout-deploy","service":"a","targets":[]}\n',
    /at least one target/,
  ],
  [
    "a rollout that may not be forced",
    '{"version":1,"command":"rollout-deploy","service":"a","targets":["x"],"options":{"deployment":{"retry":1}}}\n',
    /unknown option \\"retry\\"/,
  ],
  [
    "a percentage that is none",
    '{"version":1,"command":"rollout-set","service":"a","options":{"percentage":150}}\n',
    /rollout options invalid: percent must be between 0 and 100, not 150/,
  ],
  ["an unfinished line", '{"version":1,"comm', /ended in the middle of its line/],
  ["nothing", "", /^$/],
])("%s is answered with an error, and the next call works [CS-03 CS-07]", async (_, bytes, answer) => {
  const { path } = await listening();
  expect(await raw(path, bytes)).toMatch(answer);
  expect((await callControl(path, { command: "list" })).services).toEqual([]);
});

test("options are checked again where the deploy is done: TLS without a host is refused [A32]", async () => {
  const { path } = await listening();
  const line =
    '{"version":1,"command":"deploy","service":"a","targets":["x"],"options":{"service":{"tls":{"enabled":true}}}}\n';
  expect(await raw(path, line)).toMatch(/service options invalid: host must be set when using TLS/);
});

test("an endless line is cut off at 1 MiB, in constant memory [CS-04]", async () => {
  const { path } = await listening();
  const socket: Socket = connect(path);
  socket.on("error", () => undefined);
  let answer = "";
  socket.on("data", (chunk) => (answer += chunk.toString()));
  const chunk = Buffer.alloc(64 * 1024, "x");
  let sent = 0;
  const feed = () => {
    while (!socket.destroyed && sent < 64 * 1024 * 1024) {
      sent += chunk.length;
      if (!socket.write(chunk)) return;
    }
  };
  socket.on("drain", feed);
  socket.once("connect", feed);
  await new Promise((resolve) => socket.once("close", resolve));
  expect(answer).toMatch(/a request can have 1048576 bytes at most/);
});

test("a client that stalls is let go; others are not held up [CS-05]", async () => {
  const { path } = await listening({ requestTimeoutMs: 100 });
  const stalled = raw(path, '{"version":1', { end: false });
  const silent = raw(path, "", { end: false });
  await callControl(path, { command: "list" });
  expect(await stalled).toMatch(/no complete request within 0.1s/);
  expect(await silent).toMatch(/no complete request within 0.1s/);
});

test("a client that half-closes after its request gets its answer; what it sent beyond the line is ignored", async () => {
  const { path } = await listening();
  expect(await raw(path, '{"version":1,"command":"list"}\n{"version":1,"command":"explode"}\n')).toBe(
    '{"result":{"services":[],"quarantined":[],"notices":[],"deploys":[]}}\n',
  );
});

test("a client killed in mid-deploy: the deploy goes on, and its end can be looked up [CS-06]", async () => {
  const { path, bench } = await listening();
  const app = await healthyApp(503);
  const request = { version: 1, command: "deploy", service: "web", targets: [app.address], options: options() };
  const socket = connect(path);
  socket.write(`${JSON.stringify(request)}\n`);
  await once(socket, "data");
  socket.destroy();
  app.respond(200);
  await vi.waitFor(() => expect(bench.dataPlane.rotation("web")).toEqual([app.address]));
  await vi.waitFor(async () => {
    const { deploys } = await callControl(path, { command: "list" });
    expect(deploys).toMatchObject([{ service: "web", state: "deployed", targets: [app.address] }]);
  });
});

test("1000 lists at once are answered [CS-12]", async () => {
  const { path } = await listening();
  const lists = await Promise.all(Array.from({ length: 1_000 }, () => callControl(path, { command: "list" })));
  expect(lists).toHaveLength(1_000);
});

test("closing cuts clients that only hang around, after the ones that wait got their answer", async () => {
  const { path, bench, socket } = await listening();
  const app = await healthyApp(503);
  const call = { command: "deploy", service: "web", targets: [app.address], options: options() } as const;
  const deploying = callControl(path, call).catch((error: unknown) => error);
  const idle = connect(path);
  await once(idle, "connect");
  await vi.waitFor(() => expect(app.requests.length).toBeGreaterThan(0));
  const startedAt = performance.now();
  await bench.plane.close();
  await socket.close();
  expect(await deploying).toMatchObject({ code: "shutting-down" });
  expect(performance.now() - startedAt).toBeLessThan(1_500);
});

test("the client's words when there is no server, or it goes away", async () => {
  const directory = await temporaryDirectory();
  const path = join(directory, "none.sock");
  await expect(callControl(path, { command: "list" })).rejects.toMatchObject({
    code: "not-running",
    message: `dial unix ${path}: connect: no such file or directory`,
  });
  const server = createServer((socket) => socket.once("data", () => socket.destroy()));
  await once(server.listen(path), "listening");
  onTestFinished(() => void server.close());
  await expect(callControl(path, { command: "list" })).rejects.toMatchObject({
    code: "connection-lost",
    message: "unexpected EOF",
  });
});
