/** A `node:http` target for large bodies: streams a pattern that names its owner in every kilobyte, hashes what it gets. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { onTestFinished } from "vitest";
import { pause } from "./eventually.ts";

const BLOCK = 1024;
const BLOCKS_PER_CHUNK = 48;

/** The bytes of the body that belongs to `seed`; any slice of another body in it changes its hash. */
export function* pattern(seed: string, size: number): Generator<Buffer> {
  for (let offset = 0; offset < size; ) {
    const length = Math.min(BLOCK * BLOCKS_PER_CHUNK, size - offset);
    const chunk = Buffer.alloc(length);
    for (let at = 0; at < length; at += BLOCK) {
      const label = `<${seed}@${offset + at}>`;
      chunk.fill(label, at, Math.min(length, at + BLOCK), "latin1");
    }
    offset += length;
    yield chunk;
  }
}

export function hashOfPattern(seed: string, size: number): string {
  const hash = createHash("sha256");
  for (const chunk of pattern(seed, size)) hash.update(chunk);
  return hash.digest("hex");
}

export type PatternedTarget = {
  readonly port: number;
  /** Bytes of bodies that its sockets have taken for sending. */
  readonly sent: () => number;
  /** While this is set, request bodies are not read. */
  holdUploads(hold: boolean): void;
};

/** `GET /down/SEED/SIZE/FRAMING` (length, chunked or close) and `POST /up`, which answers with the body's SHA-256. */
export async function startPatternedTarget(): Promise<PatternedTarget> {
  let sent = 0;
  let hold: Promise<void> | null = null;
  let letGo = (): void => {};
  const server: Server = createServer((incoming, response) => {
    const work =
      incoming.method === "POST"
        ? receive(incoming, response, () => hold)
        : send(incoming, response, (bytes) => (sent += bytes));
    work.catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    sent: () => sent,
    holdUploads: (held) => {
      letGo();
      hold = held
        ? new Promise((resolve) => {
            letGo = resolve;
          })
        : null;
    },
  };
}

async function send(
  incoming: IncomingMessage,
  response: ServerResponse,
  count: (bytes: number) => void,
): Promise<void> {
  const [, , seed = "", size = "0", framing = "length"] = (incoming.url ?? "").split("/");
  if (framing === "length") response.setHeader("Content-Length", size);
  if (framing === "close") {
    response.setHeader("Connection", "close");
    response.useChunkedEncodingByDefault = false;
  }
  const counted = function* (): Generator<Buffer> {
    for (const chunk of pattern(seed, Number(size))) {
      count(chunk.length);
      yield chunk;
    }
  };
  await pipeline(Readable.from(counted(), { highWaterMark: 1 }), response);
}

async function receive(
  incoming: IncomingMessage,
  response: ServerResponse,
  held: () => Promise<void> | null,
): Promise<void> {
  await held();
  const hash = createHash("sha256");
  for await (const chunk of incoming as AsyncIterable<Buffer>) hash.update(chunk);
  response.end(hash.digest("hex"));
}

export type Pace = { readonly everyChunks: number; readonly pauseMs: number };

/** Downloads a pattern through `port` at a pace; resolves with its hash. */
export async function download(port: number, path: string, pace?: Pace): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ host: "127.0.0.1", port, path, agent: false }, resolve).on("error", reject).end();
  });
  const hash = createHash("sha256");
  let chunks = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    hash.update(chunk);
    if (pace && ++chunks % pace.everyChunks === 0) await pause(pace.pauseMs);
  }
  return hash.digest("hex");
}

/** Uploads a pattern through `port`; resolves with the hash that the target has seen. */
export async function upload(
  port: number,
  seed: string,
  size: number,
  options: { readonly framing: "length" | "chunked"; readonly onWritten?: (bytes: number) => void },
): Promise<string> {
  const headers = options.framing === "length" ? { "Content-Length": size } : { "Transfer-Encoding": "chunked" };
  const outgoing = request({ host: "127.0.0.1", port, path: "/up", method: "POST", agent: false, headers });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on("response", resolve).on("error", reject);
  });
  const source = function* (): Generator<Buffer> {
    for (const chunk of pattern(seed, size)) {
      options.onWritten?.(chunk.length);
      yield chunk;
    }
  };
  await pipeline(Readable.from(source(), { highWaterMark: 1 }), outgoing);
  let text = "";
  for await (const chunk of (await answered) as AsyncIterable<Buffer>) text += chunk.toString("latin1");
  return text;
}
