/** The bytes under an SSH connection: an address or a command in, a connected stream out. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { MAX_RETRY_PAUSE_MS } from "./limits.ts";
import type { HostSettings } from "./ssh-settings.ts";

/** A failed look-up is repeated: resolvers drop queries when thirty hosts are asked for at once. @throws the system's error */
export async function openTcp(settings: HostSettings, dnsRetries: number, signal: AbortSignal): Promise<Socket> {
  for (let attempt = 0; ; attempt++) {
    const socket = createConnection({
      host: settings.address,
      port: settings.port,
      family: settings.family,
      noDelay: true,
    });
    try {
      await once(socket, "connect", { signal });
      return socket;
    } catch (error) {
      socket.destroy();
      // Errors may follow the first one.
      socket.on("error", () => {});
      if (signal.aborted || !isLookupError(error) || attempt >= dnsRetries) throw error;
      await pause(retryPauseMs(attempt), undefined, { signal });
    }
  }
}

/** 0.1 s, doubled each time, with up to 0.1 s of chance. */
export function retryPauseMs(attempt: number): number {
  return Math.min(100 * 2 ** attempt, MAX_RETRY_PAUSE_MS) + Math.random() * 100;
}

export function isLookupError(error: unknown): boolean {
  return (error as { syscall?: unknown }).syscall === "getaddrinfo";
}

/** A ProxyCommand: its stdin and stdout are the connection; what it says on stderr is given to `onStderr`. */
export function openProxyCommand(command: string, onStderr: (text: string) => void): Duplex {
  const child = spawn("/bin/sh", ["-c", `exec ${command}`], { stdio: ["pipe", "pipe", "pipe"], detached: true });
  const { stdin, stdout, stderr } = child;
  stderr
    .setEncoding("utf8")
    .on("data", onStderr)
    .on("error", () => {});
  const stream = new Duplex({
    read: () => stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => void stdin.write(chunk, () => done()),
    final: (done) => void stdin.end(() => done()),
    destroy: (error, done) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
      } catch {
        // Gone already.
      }
      done(error);
    },
  });
  stdout.on("data", (chunk: Buffer) => {
    if (!stream.push(chunk)) stdout.pause();
  });
  child.on("error", (error) => stream.destroy(error));
  // A command that ends early breaks its pipes; why it ended is what counts, and comes with "close".
  for (const pipe of [stdin, stdout]) pipe.on("error", () => {});
  // Not before its stderr has ended, too: it may say why.
  child.on("close", () => {
    stream.push(null);
    stream.end();
  });
  return stream;
}
