/** The application that the demo deploys. Argument: its version. Prints the port it listens on; SIGTERM ends it gracefully. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocketServer } from "ws";
import { lineOfDownload, linesPerSecond, pageOf } from "./wire.ts";

const version = process.argv[2] ?? "v1";
const identity = { version, pid: process.pid };
/** As long as an application thinks that asks its database something, so that every switch meets requests in flight. */
const thinkMs = { least: 12, most: 28 };
const shutdownGraceMs = 2_000;

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  answer(request, response).catch(() => response.destroy());
});
const sockets = new WebSocketServer({ server, path: "/ws" });

sockets.on("connection", (socket) => {
  socket.send(JSON.stringify({ ...identity, says: "hello" }));
  socket.on("message", (data) => socket.send(JSON.stringify({ ...identity, says: (data as Buffer).toString() })));
  socket.on("error", () => socket.terminate());
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
process.once("SIGTERM", shutDown);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://app");
  if (url.pathname === "/up") return send(response, "up\n");
  if (url.pathname === "/slow") return download(response, Number(url.searchParams.get("seconds")));
  if (url.pathname === "/echo") return echo(request, response);
  await sleep(thinkMs.least + Math.random() * (thinkMs.most - thinkMs.least));
  send(response, pageOf(identity));
}

async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    hash.update(chunk);
  }
  await sleep(thinkMs.least);
  send(response, pageOf({ ...identity, bytes, sha256: hash.digest("hex") }));
}

/** One numbered line at a time, so that the reader can tell a whole download from a shortened or mixed one. */
async function download(response: ServerResponse, seconds: number): Promise<void> {
  const lines = seconds * linesPerSecond;
  response.writeHead(200, headers({ "x-lines": String(lines) }));
  for (let number = 1; number <= lines; number += 1) {
    if (response.destroyed) return;
    response.write(lineOfDownload(identity, number));
    await sleep(1_000 / linesPerSecond);
  }
  response.end();
}

function send(response: ServerResponse, body: string): void {
  response.writeHead(200, headers({ "content-length": String(Buffer.byteLength(body)) })).end(body);
}

function headers(more: Record<string, string>): Record<string, string> {
  return { "content-type": "text/plain", "x-app-version": version, "x-app-pid": String(process.pid), ...more };
}

function shutDown(): void {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  for (const socket of sockets.clients) socket.close(1001);
  setTimeout(() => process.exit(0), shutdownGraceMs).unref();
}
