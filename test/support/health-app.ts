/** A tiny real app with a health endpoint that behaves as a test wants, can die, and can come back on the same port. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export type HealthApp = {
  readonly port: number;
  readonly address: string;
  readonly requests: IncomingMessage[];
  /** Replaces what the app answers. */
  answer(listener: RequestListener): void;
  respond(status: number, headers?: Record<string, string>, body?: string): void;
  /** Stops listening and drops every connection. */
  kill(): Promise<void>;
  revive(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

export async function startHealthApp(status = 200): Promise<HealthApp> {
  const requests: IncomingMessage[] = [];
  let listener: RequestListener = fixed(status, {}, "");
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;

  return {
    port,
    address: `127.0.0.1:${port}`,
    requests,
    answer: (next) => (listener = next),
    respond: (status, headers = {}, body = "") => (listener = fixed(status, headers, body)),
    kill,
    async revive() {
      server = await listen(port);
    },
    [Symbol.asyncDispose]: kill,
  };

  function listen(port: number): Promise<Server> {
    const fresh = createServer((request, response) => {
      requests.push(request);
      listener(request, response);
    });
    return new Promise((resolve, reject) => {
      fresh.once("error", reject);
      fresh.listen(port, "127.0.0.1", () => resolve(fresh));
    });
  }

  function kill(): Promise<void> {
    const dying = server;
    return new Promise((resolve) => {
      dying.close(() => resolve());
      dying.closeAllConnections();
    });
  }
}

function fixed(status: number, headers: Record<string, string>, body: string): RequestListener {
  return (_request, response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}
