/** The first line of a socket, as bytes: bounded in size and in time. */
import type { Socket } from "node:net";
import { ProxyError } from "../errors.ts";

export type LineLimits = { readonly maxBytes: number; readonly timeoutMs: number };

const NEWLINE = 0x0a;

/**
 * Undefined when the peer leaves without having said anything. What follows the line is thrown away.
 * @throws ProxyError `protocol` for a line that is too long, too slow, or not ended
 */
export function readLine(socket: Socket, limits: LineLimits): Promise<Buffer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  const chunks: Buffer[] = [];
  let bytes = 0;
  const timer = setTimeout(() => fail(`no complete request within ${limits.timeoutMs / 1000}s`), limits.timeoutMs);
  socket.on("data", onData);
  socket.once("end", onEnd);
  socket.once("close", onEnd);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.off("data", onData);
    socket.off("end", onEnd);
    socket.off("close", onEnd);
    // Keeps reading, so that the peer's leaving is noticed.
    socket.resume();
  });

  function onData(chunk: Buffer): void {
    const end = chunk.indexOf(NEWLINE);
    const part = end < 0 ? chunk : chunk.subarray(0, end);
    bytes += part.length;
    if (bytes > limits.maxBytes) return fail(`a request can have ${limits.maxBytes} bytes at most`);
    chunks.push(part);
    if (end >= 0) resolve(Buffer.concat(chunks));
  }

  function onEnd(): void {
    if (bytes === 0) resolve(undefined);
    else fail("the request ended in the middle of its line");
  }

  function fail(reason: string): void {
    reject(new ProxyError("protocol", reason));
  }
}
