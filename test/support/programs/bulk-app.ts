/** Takes uploads and counts them, and sends downloads of any size with a known length. Prints its port. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";

const PIECE = Buffer.alloc(1024 * 1024, "0123456789abcdef");

const server = createServer((request, response) => {
  const url = new URL(request.url ?? "/", "http://app");
  if (url.pathname === "/download") {
    const pieces = Number(url.searchParams.get("megabytes"));
    response.setHeader("Content-Length", pieces * PIECE.length);
    Readable.from(repeat(pieces)).pipe(response);
    return;
  }
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on("end", () => response.end(String(bytes)));
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));

function* repeat(pieces: number): Generator<Buffer> {
  for (let piece = 0; piece < pieces; piece++) yield PIECE;
}
