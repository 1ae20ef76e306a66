/** An app in a container that tells what reached it; `/slow` takes its time, `/bytes` answers at length, `/broken` fails. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const version = process.env["VERSION"] ?? "unknown";

const server = createServer((request, response) => {
  // Whoever does not send his request whole gets no answer.
  answer(request, response).catch(() => response.destroy());
});
server.listen(3000);

// Process 1 of a container ignores signals that it has no handler for.
process.on("SIGTERM", () => {
  server.close();
  server.closeIdleConnections();
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://app");
  let received = 0;
  for await (const chunk of request) received += (chunk as Buffer).length;
  if (pathname.endsWith("/slow")) await sleep(Number(searchParams.get("ms")));
  response.statusCode = pathname.endsWith("/broken") ? 500 : 200;
  response.setHeader("X-Plan", "basic");
  if (pathname.endsWith("/bytes")) response.end(Buffer.alloc(Number(searchParams.get("count")), "x"));
  else response.end(JSON.stringify({ version, url: request.url, headers: request.headers, received }));
}
