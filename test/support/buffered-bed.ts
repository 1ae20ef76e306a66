/** Services that buffer, targets that take their time, and what the proxy holds open in the temporary directory. */
import { readdirSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import type { Buffering } from "../../proxy/route/routing-table.ts";
import { type Bed, type BedOptions, startBed } from "./bed.ts";

export const OFF: Buffering = {
  requests: false,
  responses: false,
  memoryBytes: 1024 * 1024,
  maxRequestBytes: 0,
  maxResponseBytes: 0,
};
export const BOTH: Buffering = { ...OFF, requests: true, responses: true };

/** A bed whose service buffers both ways, but for `buffering`. */
export function startBufferedBed(buffering: Partial<Buffering>, options: BedOptions = {}): Promise<Bed> {
  return startBed({ ...options, route: { buffering: { ...BOTH, ...buffering }, ...options.route } });
}

/** Open descriptors of this process that lead to files in the temporary directory. */
export function openSpills(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return dirname(path) === tmpdir() && path.endsWith("(deleted)") ? [path] : [];
    } catch {
      return [];
    }
  });
}

/** Those, and files that have a name. */
export function spillsLeft(): string[] {
  return [...openSpills(), ...readdirSync(tmpdir()).filter((name) => name.startsWith("proxy-buffer-"))];
}

/** Answers with so many bytes in two writes, so that the response is not there at once. */
export function inTwoParts(size: number, fields = `Content-Length: ${size}\r\nContent-Type: text/plain\r\n`) {
  return (_: unknown, connection: { socket: { write(bytes: string): void } }): null => {
    connection.socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n`);
    setTimeout(() => connection.socket.write("r".repeat(size)), 20);
    return null;
  };
}

/** One chunk of the chunked coding. */
export function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}
