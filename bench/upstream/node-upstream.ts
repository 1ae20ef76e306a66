/** An application that reads every byte of an upload before it answers, and echoes WebSocket messages. Prints its port. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

const server = createServer({ keepAliveTimeout: 600_000 }, answer);
const sockets = new WebSocketServer({ server, path: "/echo", perMessageDeflate: false });

sockets.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on("error", () => socket.terminate());
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  console.log((server.address() as AddressInfo).port);
});
process.once("SIGTERM", () => process.exit(0));

/** Hashing a megabyte takes longer than proxying it, so it is done only for the request that validates. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const hash = request.headers["x-hash-body"] === "1" ? createHash("sha256") : undefined;
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    hash?.update(chunk);
  });
  request.on("end", () => {
    const body = `${bytes} ${hash?.digest("hex") ?? "-"}\n`;
    response.writeHead(200, { "content-type": "text/plain", "content-length": body.length }).end(body);
  });
}
