/** A real HTTP/2 application without TLS, on node:http2, that does as the test says and remembers its sessions. */
import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export type H2cHandler = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

export type H2cApp = {
  readonly port: number;
  /** Every session that was ever opened, and those that are there. */
  readonly opened: ServerHttp2Session[];
  readonly sessions: Set<ServerHttp2Session>;
  /** Fields of the requests so far. */
  readonly requests: IncomingHttpHeaders[];
  stop(): void;
};

/** Ends with the test. */
export async function startH2cApp(handler: H2cHandler, options: ServerOptions = {}): Promise<H2cApp> {
  const server = createServer(options);
  const opened: ServerHttp2Session[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const requests: IncomingHttpHeaders[] = [];
  server.on("session", (session) => {
    opened.push(session);
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    session.on("error", () => undefined);
  });
  server.on("sessionError", () => undefined);
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on("error", () => undefined);
    requests.push(headers);
    handler(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = (): void => {
    for (const session of sessions) session.destroy();
    server.close();
  };
  onTestFinished(stop);
  return { port: (server.address() as AddressInfo).port, opened, sessions, requests, stop };
}
