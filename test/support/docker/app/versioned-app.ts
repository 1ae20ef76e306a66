/** An app in a container: answers `/up`, and everything else with its VERSION once the request's body is read. */
import { createServer } from "node:http";

const version = process.env["VERSION"] ?? "unknown";

const server = createServer((request, response) => {
  let received = 0;
  request.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  request.on("end", () => {
    response.setHeader("X-Version", version);
    response.end(request.url === "/up" ? "OK\n" : `${version} received ${received} bytes\n`);
  });
});
server.listen(3000);

// Process 1 of a container ignores signals that it has no handler for.
process.on("SIGTERM", () => {
  server.close();
  server.closeIdleConnections();
});
