/** The head that an HTTP/1.1 target would get → the fields that an HTTP/2 target gets, as a flat list. RFC 9113 §8.3.1. */

/** They belong to one HTTP/1.1 connection, or are said by pseudo-fields (RFC 9113 §8.2.2). */
const NOT_FORWARDED: ReadonlySet<string> = new Set([
  "host",
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/**
 * Name, value, name, value …; pseudo-fields first, names in lower case, values one character per byte.
 * @param bytes `[start, end)` is a complete head as `Exchange.writeForwardedHead` writes it
 */
export function forwardedHttp2Fields(bytes: Buffer, start: number, end: number): string[] {
  const text = bytes.toString("latin1", start, end);
  const lineEnd = text.indexOf("\r\n");
  const methodEnd = text.indexOf(" ");
  const path = text.slice(methodEnd + 1, text.lastIndexOf(" ", lineEnd));
  const list = [":method", text.slice(0, methodEnd), ":scheme", "http", ":authority", "", ":path", path];
  let position = lineEnd + 2;
  for (;;) {
    const stop = text.indexOf("\r\n", position);
    // The empty line.
    if (stop <= position) return list;
    const colon = text.indexOf(":", position);
    const name = text.slice(position, colon).toLowerCase();
    const value = text.slice(colon + 1, stop).trim();
    if (name === "host") list[5] = value;
    else if (!NOT_FORWARDED.has(name) && (name !== "te" || value === "trailers")) list.push(name, value);
    position = stop + 2;
  }
}
