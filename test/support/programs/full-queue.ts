/** Listens with the shortest accept queue, prints the port, and then never looks at a connection again. */
import { createServer } from "node:net";

const BLOCKED_FOR_MS = 30_000;

const server = createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  const address = server.address();
  process.stdout.write(`${typeof address === "object" && address ? address.port : 0}\n`, () => {
    // The event loop stands still: nothing is accepted, and the kernel drops the SYNs that no longer fit.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCKED_FOR_MS);
    process.exit(0);
  });
});
