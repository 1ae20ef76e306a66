/** An application of one version: says it in every answer, in the header and in the body. Prints its port. Argument: version. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocketServer } from "ws";

const version = process.argv[2] as string;
/** Long enough that every switch meets requests in flight. */
const MAX_THINK_MS = 20;
const DOWNLOAD_PIECE_MS = 100;

const server = createServer({ keepAliveTimeout: 5_000 }, (request, response) => {
  answer(request, response).catch(() => response.destroy());
});
const sockets = new WebSocketServer({ server });
sockets.on("connection", (socket) => {
  socket.on("message", (data) => socket.send(`${version}:${(data as Buffer).toString()}`));
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader("X-Version", version);
  const url = new URL(request.url ?? "/", "http://app");
  if (url.pathname === "/up") {
    response.end("up");
    return;
  }
  if (url.pathname === "/download") {
    for (let piece = 0; piece < Number(url.searchParams.get("pieces")); piece++) {
      response.write(`${version} ${piece}\n`);
      await sleep(DOWNLOAD_PIECE_MS);
    }
    response.end();
    return;
  }
  const hash = createHash("sha1");
  for await (const chunk of request as AsyncIterable<Buffer>) hash.update(chunk);
  await sleep(Math.random() * MAX_THINK_MS);
  response.end(JSON.stringify({ version, sha1: hash.digest("hex") }));
}
