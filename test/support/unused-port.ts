/** A loopback port on which nobody listens, and which the system gives to nobody who asks for any port. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below what Linux takes for connections and for port 0: another test must not get it in the meantime. */
const FIRST = 12_000;
const END = 32_000;
const MAX_TRIES = 100;

export async function unusedPort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = randomInt(FIRST, END);
    if (await isFree(port)) return port;
  }
  throw new Error("there is no unused port");
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
