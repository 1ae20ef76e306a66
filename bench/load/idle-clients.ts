/** Opens connections that make one request each and then idle; on a line of input each asks once more. Arguments: port, count. */
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { numberArgument } from "../process/arguments.ts";

const port = numberArgument(0);
const count = numberArgument(1);
/** The first line reported. */
export interface Opened {
  requests: number;
  failures: number;
  seconds: number;
}

/** The second line. */
export interface AskedAgain {
  stillOpen: number;
  failures: number;
}

const openingAtOnce = 100;
const sourceAddresses = 10;
const answerTimeoutMs = 20_000;
const request = Buffer.from("GET /small HTTP/1.1\r\nHost: app.example.com\r\nUser-Agent: bench\r\n\r\n");

process.once("SIGTERM", () => process.exit(0));

const startedAt = performance.now();
const sockets = await openAll();
report({
  requests: sockets.length,
  failures: count - sockets.length,
  seconds: (performance.now() - startedAt) / 1_000,
});
for await (const _line of createInterface({ input: process.stdin })) {
  const open = sockets.filter((socket) => !socket.destroyed && socket.readyState === "open");
  const answers = await inBatches(open, answered);
  report({ stillOpen: open.length, failures: answers.filter((answer) => !answer).length });
}

async function openAll(): Promise<Socket[]> {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const opened = await inBatches(numbers, async (index) => {
    // Several source addresses, since one has fewer free ports than a busy benchmark leaves in TIME_WAIT.
    const socket = connect({ port, host: "127.0.0.1", localAddress: `127.0.0.${2 + (index % sourceAddresses)}` });
    socket.on("error", () => socket.destroy());
    return (await answered(socket)) ? socket : undefined;
  });
  return opened.filter((socket) => socket !== undefined);
}

async function inBatches<Item, Result>(items: Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += openingAtOnce) {
    results.push(...(await Promise.all(items.slice(start, start + openingAtOnce).map(work))));
  }
  return results;
}

/** Asks and waits for the whole answer, whose length its Content-Length tells. */
async function answered(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    let received = "";
    const finish = (complete: boolean) => {
      clearTimeout(timer);
      socket.off("data", read);
      socket.off("close", closed);
      resolve(complete);
    };
    const read = (chunk: Buffer) => {
      received += chunk.toString("latin1");
      const head = received.indexOf("\r\n\r\n");
      if (head < 0) return;
      const length = Number(/^content-length: *(\d+)/im.exec(received)?.[1] ?? Number.NaN);
      if (received.length >= head + 4 + length) finish(received.startsWith("HTTP/1.1 200"));
    };
    const closed = () => finish(false);
    const timer = setTimeout(closed, answerTimeoutMs);
    socket.on("data", read);
    socket.once("close", closed);
    socket.write(request);
  });
}

function report(figures: Opened | AskedAgain): void {
  console.log(JSON.stringify(figures));
}
