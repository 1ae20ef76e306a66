/**
 * Opens WebSockets that echo once each, then lets some of them talk on a line of input (JSON: talkers, seconds). Arguments: port, count.
 * The frames are made by hand: a client library would use more of the load's core than the proxy under test.
 */
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { numberArgument } from "../process/arguments.ts";
import { quantile } from "../report/statistics.ts";

const port = numberArgument(0);
const count = numberArgument(1);
/** The first line reported. */
export interface Opened {
  failures: number;
  seconds: number;
}

/** The second line. */
export interface Talked {
  roundTrips: number;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
  failures: number;
}

const openingAtOnce = 100;
const sourceAddresses = 10;
const answerTimeoutMs = 20_000;
const payload = Buffer.from("0123456789abcdef".repeat(4));
const echoFrame = Buffer.concat([Buffer.from([0x81, payload.length]), payload]);
const frame = maskedFrame();
const handshake =
  "GET /echo HTTP/1.1\r\nHost: app.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\nSec-WebSocket-Version: 13\r\n\r\n";

process.once("SIGTERM", () => process.exit(0));

const startedAt = performance.now();
const sockets = await openAll();
report({ failures: count - sockets.length, seconds: (performance.now() - startedAt) / 1_000 });
for await (const line of createInterface({ input: process.stdin })) {
  const { talkers, seconds } = JSON.parse(line) as { talkers: number; seconds: number };
  await talk(sockets.slice(0, talkers), seconds);
}

async function openAll(): Promise<Socket[]> {
  const opened: Socket[] = [];
  for (let start = 0; start < count; start += openingAtOnce) {
    const batch = Array.from({ length: Math.min(openingAtOnce, count - start) }, (_, index) => openOne(start + index));
    for (const socket of await Promise.all(batch)) if (socket) opened.push(socket);
  }
  return opened;
}

async function openOne(index: number): Promise<Socket | undefined> {
  const socket = connect({ port, host: "127.0.0.1", localAddress: `127.0.0.${2 + (index % sourceAddresses)}` });
  socket.setNoDelay(true).on("error", () => socket.destroy());
  socket.write(handshake);
  const head = await receive(socket, (bytes) => bytes.includes("\r\n\r\n"));
  if (!head?.toString("latin1").startsWith("HTTP/1.1 101")) return undefined;
  socket.write(frame);
  const echo = await receive(socket, (bytes) => bytes.length >= echoFrame.length);
  return echo?.equals(echoFrame) ? socket : undefined;
}

/** Collects until `complete` says so; undefined when the connection closes or nothing comes. */
async function receive(socket: Socket, complete: (bytes: Buffer) => boolean): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const finish = (bytes: Buffer | undefined) => {
      clearTimeout(timer);
      socket.off("data", read);
      socket.off("close", closed);
      resolve(bytes);
    };
    const read = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (complete(received)) finish(received);
    };
    const closed = () => finish(undefined);
    const timer = setTimeout(closed, answerTimeoutMs);
    socket.on("data", read);
    socket.once("close", closed);
  });
}

/** Each socket sends, waits for its echo, checks it and sends again, until time is up. */
async function talk(talkers: Socket[], seconds: number): Promise<void> {
  const latencies: number[] = [];
  const startedAt = performance.now();
  const deadline = startedAt + seconds * 1_000;
  const failures = await Promise.all(
    talkers.map(async (socket) => {
      while (performance.now() < deadline) {
        const sentAt = performance.now();
        socket.write(frame);
        const echo = await receive(socket, (bytes) => bytes.length >= echoFrame.length);
        if (!echo?.equals(echoFrame)) return 1;
        latencies.push(performance.now() - sentAt);
      }
      return 0;
    }),
  );
  report({
    roundTrips: latencies.length,
    seconds: (performance.now() - startedAt) / 1_000,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    failures: failures.reduce<number>((total, failed) => total + failed, 0),
  });
}

/** Clients must mask; with an all-zero mask the payload stays readable and the frame can be sent again and again. */
function maskedFrame(): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

function report(figures: Opened | Talked): void {
  console.log(JSON.stringify(figures));
}
