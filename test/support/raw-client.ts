/** A client on a bare socket: sends exactly the bytes it is told, keeps exactly the bytes that come. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type ResponseMessage, readResponses } from "./http-messages.ts";

export class RawClient {
  readonly socket: Socket;
  /** The other side has sent FIN. */
  ended = false;
  /** The socket is gone, in whatever way. */
  closed = false;
  /** Code of the socket's error, if it had one. */
  error: string | undefined;
  receivedBytes = 0;
  readonly #chunks: Buffer[] = [];
  #text = "";
  #textLength = 0;
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.receivedBytes += chunk.length;
      this.#wake();
    });
    socket.on("end", () => {
      this.ended = true;
      this.#wake();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.error = error.code;
    });
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  /** Connects to a loopback port; does not end by itself when the other side does. */
  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
    const client = new RawClient(socket);
    await once(socket, "connect");
    return client;
  }

  /** On a socket that is connected already, over TLS perhaps. */
  static over(socket: Socket): RawClient {
    return new RawClient(socket);
  }

  /** Everything received so far, one character per byte. */
  get text(): string {
    while (this.#textLength < this.#chunks.length) {
      this.#text += (this.#chunks[this.#textLength++] as Buffer).toString("latin1");
    }
    return this.#text;
  }

  /** @param bytes latin1 text or bytes */
  send(bytes: string | Uint8Array): this {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    return this;
  }

  /** Half-closes. */
  fin(): this {
    this.socket.end();
    return this;
  }

  destroy(): void {
    this.socket.destroy();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Responses so far; `methods` are those of the requests sent. */
  responses(methods: readonly string[] = []): ResponseMessage[] {
    return readResponses(this.text, methods, this.ended);
  }

  /** True once `condition` holds, false when it still does not after `timeoutMs`. */
  until(condition: () => boolean, timeoutMs = 3_000): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (held: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(held);
      };
      const check = (): void => {
        if (condition()) settle(true);
      };
      const timer = setTimeout(() => settle(condition()), timeoutMs);
      this.#waiting.add(check);
    });
  }

  /** The first `count` complete responses. @throws when they do not come */
  async read(count: number, methods: readonly string[] = [], timeoutMs = 5_000): Promise<ResponseMessage[]> {
    const complete = () => this.responses(methods).filter((response) => response.complete);
    const held = await this.until(() => complete().length >= count || this.closed, timeoutMs);
    const responses = complete();
    if (!held || responses.length < count) {
      throw new Error(`${responses.length} of ${count} responses; received ${JSON.stringify(this.text.slice(0, 600))}`);
    }
    return responses.slice(0, count);
  }

  /** Sends one request and reads one response more than there were. */
  async ask(bytes: string | Uint8Array, method = "GET"): Promise<ResponseMessage> {
    const before = this.responses().filter((response) => response.complete).length;
    this.send(bytes);
    const methods = Array.from({ length: before }, () => "GET");
    return (await this.read(before + 1, [...methods, method]))[before] as ResponseMessage;
  }

  #wake(): void {
    for (const check of this.#waiting) check();
  }
}

/** One request over one connection, closed afterwards. */
export async function askOnce(port: number, bytes: string | Uint8Array, method = "GET"): Promise<ResponseMessage> {
  const client = await RawClient.connect(port);
  try {
    return await client.ask(bytes, method);
  } finally {
    client.destroy();
  }
}

/** A plain GET as wire text. */
export function get(path: string, host = "a.test", fields = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`;
}

/** A POST with a Content-Length body as wire text. */
export function post(path: string, body: string, host = "a.test", fields = ""): string {
  return `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;
}
