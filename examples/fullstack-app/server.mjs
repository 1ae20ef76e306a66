// A web app that counts visits by way of a queue: the web role puts them into Redis, the worker writes them to Postgres.
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { createClient } from "redis";

const QUEUE = "visits";
const host = process.env.KAMAL_HOST ?? "this machine";
const ending = new AbortController();
const log = (text) => process.stdout.write(`${text}\n`);

// Process 1 of a container ignores signals that it has no handler for.
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => ending.abort());

// Where and who: PGHOST, PGUSER, PGDATABASE, PGPASSWORD.
const database = new pg.Pool({ max: 5, connectionTimeoutMillis: 5000 });
// Connections end when Postgres is upgraded; the next query makes a new one.
database.on("error", (error) => log(`Postgres: ${error.message}`));

const redis = createClient({
  socket: { host: process.env.REDIS_HOST ?? "127.0.0.1", connectTimeout: 5000 },
  password: process.env.REDIS_PASSWORD,
});
// It connects anew by itself.
redis.on("error", (error) => log(`Redis: ${error.message}`));
await redis.connect();

const role = process.argv[2] ?? "web";
log(`${role} starts`);
await (role === "worker" ? work() : serve());
redis.destroy();
await database.end();
log(`${role} ends`);

async function serve() {
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      log(`${request.url}: ${error.message}`);
      response.statusCode = 503;
      response.end("Back in a moment\n");
    });
  });
  server.listen(Number(process.env.PORT ?? 3000));
  await once(ending.signal, "abort");
  server.close();
  server.closeIdleConnections();
}

async function answer(request, response) {
  response.setHeader("X-Version", process.env.KAMAL_VERSION ?? "development");
  if (request.url === "/up") {
    // Whether this container is in order. That of the database is another question, which a deploy does not answer.
    response.end("OK\n");
    return;
  }
  const { rows } = await database.query("SELECT count(*) AS visits FROM visits");
  await redis.rPush(QUEUE, host);
  response.end(`${rows[0].visits} visits are recorded, and yours is about to be\n`);
}

async function work() {
  while (!ending.signal.aborted) {
    const visit = await redis.blPop(QUEUE, 1).catch(() => sleep(1000, null));
    if (visit === null) continue;
    try {
      await database.query("INSERT INTO visits (seen_by, recorded_by) VALUES ($1, $2)", [visit.element, host]);
      log(`recorded a visit of ${visit.element}`);
    } catch (error) {
      log(`not recorded: ${error.message}`);
      await redis.lPush(QUEUE, visit.element);
      await sleep(1000);
    }
  }
}
