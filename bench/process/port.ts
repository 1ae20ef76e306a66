/** Finds a free loopback port and waits until a program answers on one. */
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Program } from "./program.ts";

const pollMs = 20;

/** A port that was free a moment ago, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

/** Resolves when the port accepts connections; throws, and stops the program, when that does not come about. */
export async function portOpen(port: number, program: Program, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    if (program.exit !== undefined) throw new Error(`ended at start (${program.exit}): ${program.errorText}`);
    if (await accepts(port)) return;
    await sleep(pollMs);
  }
  await program.stop();
  throw new Error(`nothing listens on port ${port} after ${timeoutMs} ms: ${program.errorText}`);
}

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => socket.destroy());
    socket.once("error", () => socket.destroy());
    socket.once("close", (failed) => resolve(!failed));
  });
}
