/** Ends a connection so that its peer cannot take what it got for the whole. */
import type { Socket } from "node:net";

/** With a reset; TLS needs none, because its own goodbye (close_notify) is missing. RFC 8446 §6.1. */
export function resetSocket(socket: Socket): void {
  if ("encrypted" in socket) socket.destroy();
  else socket.resetAndDestroy();
}
