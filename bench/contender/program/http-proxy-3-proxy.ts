/** http-proxy-3 as its documentation sets it up, with a keep-alive agent and our log. Arguments: own port, upstream port. */
import { randomUUID } from "node:crypto";
import { Agent, createServer, ServerResponse } from "node:http";
import { createProxyServer } from "http-proxy-3";
import { numberArgument } from "../../process/arguments.ts";
import { logRequest } from "./request-log.ts";

const port = numberArgument(0);
const upstreamPort = numberArgument(1);
const target = `127.0.0.1:${upstreamPort}`;
const agent = new Agent({ keepAlive: true, maxFreeSockets: 1024 });
const proxy = createProxyServer({ target: `http://${target}`, agent, xfwd: true });
const tunnels = createProxyServer({ target: `http://${target}`, ws: true, xfwd: true });

proxy.on("proxyReq", (upstream) => {
  if (!upstream.hasHeader("x-request-id")) upstream.setHeader("x-request-id", randomUUID());
  upstream.setHeader("x-request-start", `t=${Date.now()}`);
});
proxy.on("error", (_error, _request, response) => {
  if (response instanceof ServerResponse && !response.headersSent) response.writeHead(502).end();
});
tunnels.on("error", () => {});

const server = createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  const startedAtMs = performance.now();
  response.on("close", () => {
    logRequest({
      request,
      requestId: String(request.headers["x-request-id"] ?? ""),
      target,
      status: response.statusCode,
      startedAtMs,
      responseBytes: Number(response.getHeader("content-length") ?? 0),
      responseType: String(response.getHeader("content-type") ?? ""),
    });
  });
  proxy.web(request, response);
});
server.on("upgrade", (request, socket, head) => tunnels.ws(request, socket, head));
server.listen({ port, host: "127.0.0.1", backlog: 4096 });
process.once("SIGTERM", () => process.exit(0));
