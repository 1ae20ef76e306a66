// A small app to deploy: says its version, is healthy at /up, ends quickly on SIGTERM, and can be a worker instead.
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const version = process.env.KAMAL_VERSION ?? "development";
const greeting = process.env.GREETING ?? "Hello";
// Answers /env with everything, secrets included: for tests of what arrives in a container.
const showsEnvironment = process.env.TEST_MODE === "1";
const ending = new AbortController();

const log = (text) => process.stdout.write(`${text}\n`);

// Process 1 of a container ignores signals that it has no handler for.
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => ending.abort());

const role = process.argv[2] ?? "web";
log(`${role} ${version} starts`);
await (role === "worker" ? work() : serve());
log(`${role} ${version} ends`);

async function serve() {
  // Slow to start, if somebody wants to see what a deploy makes of it.
  await sleep(Number(process.env.START_DELAY_MS ?? 0));
  const server = createServer((request, response) => void answer(request, response));
  server.listen(Number(process.env.PORT ?? 3000));
  await once(ending.signal, "abort");
  server.close();
  server.closeIdleConnections();
}

async function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, "http://app");
  response.setHeader("X-Version", version);
  if (pathname === "/up") {
    response.statusCode = process.env.UNHEALTHY === "1" ? 503 : 200;
    response.end("OK\n");
  } else if (pathname === "/env" && showsEnvironment) {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(process.env));
  } else if (pathname === "/slow") {
    await sleep(Math.min(Number(searchParams.get("ms") ?? 1000), 60_000));
    response.end(`${version} took its time\n`);
  } else {
    response.end(`${greeting} from version ${version} on ${process.env.KAMAL_HOST ?? "this machine"}\n`);
  }
}

async function work() {
  for (let job = 1; !ending.signal.aborted; job++) {
    log(`job ${job} done by ${version}`);
    await sleep(2000, undefined, { signal: ending.signal }).catch(() => {});
  }
}
