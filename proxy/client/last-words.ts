/** The end of a connection that is told something first: writes it, sends FIN, and stays until it can have been read. */
import type { Socket } from "node:net";
import type { ClientContext, TimedConnection } from "./context.ts";

/**
 * A socket closed with unread bytes sends a reset, which can overtake what was written: so what still comes is read and
 * thrown away, within the limits of a lingering close (RFC 9112 §9.6). Nobody else may listen for data any more.
 */
export function sayLastWords(connection: TimedConnection, socket: Socket, context: ClientContext, words: Buffer): void {
  let discarded = 0;
  socket.on("data", (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > context.limits.lingerBytes) socket.destroy();
  });
  socket.resume();
  context.writeWait.arm(connection);
  socket.end(words, () => context.linger.arm(connection));
}
