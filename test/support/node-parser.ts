/** What `node:http` makes of the same bytes: the oracle of the differential tests, fed through a socket pair. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Duplex, duplexPair } from "node:stream";
import type { Field } from "./http-messages.ts";

/** A body that is not all there by then never will be. */
const PATIENCE_MS = 40;

export type NodeView =
  | { readonly accepted: false; readonly code: string }
  | {
      readonly accepted: true;
      readonly method: string;
      readonly target: string;
      readonly version: string;
      readonly fields: readonly Field[];
      readonly body: string;
      readonly keepAlive: boolean;
    };

export class NodeParser {
  readonly #server: Server;
  #settle: (view: NodeView) => void = () => {};
  /** A request has been read; errors from now on are of what follows it. */
  #taken = false;

  constructor() {
    // Limits out of the way: what counts here is the grammar.
    this.#server = createServer({ maxHeaderSize: 1024 * 1024 });
    this.#server.maxHeadersCount = 0;
    (this.#server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      this.#taken = true;
      void this.#take(request, response);
    };
    this.#server.on("request", onRequest);
    this.#server.on("checkContinue", onRequest);
    this.#server.on("checkExpectation", onRequest);
    this.#server.on("connect", (request: IncomingMessage, socket: Duplex) => {
      socket.destroy();
      this.#settle(viewOf(request, "", true));
    });
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
      if (this.#taken) return;
      socket.destroy();
      this.#settle({ accepted: false, code: error.code ?? error.message });
    });
  }

  /** The first request in `bytes`, with its body, or why there is none. */
  parse(bytes: Buffer): Promise<NodeView> {
    const [near, far] = duplexPair();
    this.#taken = false;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle({ accepted: false, code: "body: incomplete" }), PATIENCE_MS);
      this.#settle = (view) => {
        this.#settle = () => {};
        clearTimeout(timer);
        near.destroy();
        far.destroy();
        resolve(view);
      };
      near.on("error", () => {});
      far.on("error", () => {});
      near.on("data", (chunk: Buffer) => {
        // Refusals that raise no event, such as a missing Host, show in the answer only.
        const status = /^HTTP\/1\.1 (\d+)/.exec(chunk.toString("latin1"))?.[1];
        if (status !== undefined) this.#settle({ accepted: false, code: status });
      });
      this.#server.emit("connection", far);
      near.write(bytes);
      near.end();
    });
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) body += chunk.toString("latin1");
    } catch (error) {
      this.#settle({ accepted: false, code: `body: ${(error as NodeJS.ErrnoException).code}` });
    }
    this.#settle(viewOf(request, body, response.shouldKeepAlive));
  }
}

function viewOf(request: IncomingMessage, body: string, keepAlive: boolean): NodeView {
  const { rawHeaders, method = "", url = "", httpVersion } = request;
  const fields: Field[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    fields.push([rawHeaders[index] as string, rawHeaders[index + 1] as string]);
  }
  return { accepted: true, method, target: url, version: httpVersion, fields, body, keepAlive };
}
