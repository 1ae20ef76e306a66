/** WebSocket handshakes and frames as bytes, for tests that need to see the wire. */
import { createHash } from "node:crypto";
import { type RequestMessage, valueOf } from "./http-messages.ts";

export const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** A client's handshake as wire text. */
export function handshake(path = "/cable", fields = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n${fields}\r\n`;
}

/** The answer that accepts it. */
export function accepted(request: RequestMessage): string {
  const key = valueOf(request, "sec-websocket-key") ?? "";
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** An unmasked text frame, as a server sends it. */
export function textFrame(text: string): string {
  return `\x81${String.fromCharCode(text.length)}${text}`;
}
