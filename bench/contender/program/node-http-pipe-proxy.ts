/** A reverse proxy of `node:http` and nothing else, keep-alive on both sides. Arguments: own port, upstream port. */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request as sendRequest } from "node:http";
import type { Duplex } from "node:stream";
import { numberArgument } from "../../process/arguments.ts";
import { logRequest } from "./request-log.ts";

const port = numberArgument(0);
const upstreamPort = numberArgument(1);
const target = `127.0.0.1:${upstreamPort}`;
const agent = new Agent({ keepAlive: true, maxFreeSockets: 1024 });
const hopByHop = new Set(["connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"]);

const server = createServer({ keepAliveTimeout: 600_000 }, forward);
server.on("upgrade", tunnel);
server.listen({ port, host: "127.0.0.1", backlog: 4096 });
process.once("SIGTERM", () => process.exit(0));

function forward(request: IncomingMessage, response: ServerResponse): void {
  const startedAtMs = performance.now();
  const requestId = String(request.headers["x-request-id"] ?? randomUUID());
  const upstream = sendRequest({
    port: upstreamPort,
    host: "127.0.0.1",
    method: request.method,
    path: request.url,
    headers: forwardedHeaders(request, requestId),
    agent,
  });
  upstream.on("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, withoutHopByHop(answer.headers));
    answer.pipe(response);
    response.on("close", () => {
      logRequest({
        request,
        requestId,
        target,
        status: answer.statusCode ?? 502,
        startedAtMs,
        responseBytes: Number(answer.headers["content-length"] ?? 0),
        responseType: answer.headers["content-type"] ?? "",
      });
    });
  });
  upstream.on("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  response.on("close", () => {
    if (!response.writableFinished) upstream.destroy();
  });
  request.pipe(upstream);
}

function tunnel(request: IncomingMessage, client: Duplex, early: Buffer): void {
  const headers = {
    ...forwardedHeaders(request, randomUUID()),
    connection: "Upgrade",
    upgrade: request.headers.upgrade,
  };
  const upstream = sendRequest({ port: upstreamPort, host: "127.0.0.1", path: request.url, headers });
  upstream.on("upgrade", (answer, socket, head) => {
    const lines = answer.rawHeaders.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`));
    client.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`);
    if (head.length > 0) client.write(head);
    if (early.length > 0) socket.write(early);
    socket.pipe(client).pipe(socket);
    socket.on("error", () => client.destroy());
    client.on("error", () => socket.destroy());
  });
  upstream.on("error", () => client.destroy());
  upstream.end();
}

function forwardedHeaders(request: IncomingMessage, requestId: string): IncomingHttpHeaders {
  const headers = withoutHopByHop(request.headers);
  headers["x-forwarded-for"] = request.socket.remoteAddress ?? "";
  headers["x-forwarded-host"] = request.headers.host ?? "";
  headers["x-forwarded-proto"] = "http";
  headers["x-request-id"] = requestId;
  headers["x-request-start"] = `t=${Date.now()}`;
  return headers;
}

function withoutHopByHop(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept: IncomingHttpHeaders = {};
  for (const name of Object.keys(headers)) if (!hopByHop.has(name)) kept[name] = headers[name];
  return kept;
}
