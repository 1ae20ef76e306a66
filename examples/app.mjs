// The smallest app that can be deployed: it says its version, takes a moment, fails now and then, and is healthy on /up.
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const version = process.env.VERSION ?? "v1";
const delayMs = Number(process.env.DELAY_MS ?? 20);
const errorShare = Number(process.env.ERROR_SHARE ?? 0);
const port = Number(process.env.PORT ?? 80);

const server = createServer((request, response) => {
  if (request.url === "/up") response.end("OK\n");
  else answer(response).catch(() => response.destroy());
});
server.listen(port);

// Requests under way are answered before the container ends.
process.once("SIGTERM", () => server.close());

async function answer(response) {
  await sleep(delayMs * (0.5 + Math.random()));
  if (Math.random() < errorShare) response.statusCode = 500;
  response.setHeader("X-Version", version);
  response.end(`Hello from ${version}\n`);
}
