/** The plain HTTP listener: accepts connections and hands them on. */
import { createServer, type Server, type Socket } from "node:net";
import { ProxyError } from "../errors.ts";

const BACKLOG = 4096;

export class HttpListener {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /**
   * @param bind address to listen on; undefined for all, IPv4 and IPv6
   * @throws ProxyError `address-in-use` worded as the reference does
   */
  static listen(port: number, bind: string | undefined, onSocket: (socket: Socket) => void): Promise<HttpListener> {
    // Half-open: a client that has said its last word still gets its answer.
    const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 });
    server.on("connection", onSocket);
    return new Promise((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, port, bind)));
      server.listen({ port, backlog: BACKLOG, ...(bind === undefined ? {} : { host: bind }) }, () => {
        const address = server.address();
        // Running out of descriptors is reported here too; the server goes on when some are free again.
        server.on("error", () => {});
        resolve(new HttpListener(server, typeof address === "object" && address ? address.port : port));
      });
    });
  }

  /** Accepts nothing more; connections go on. */
  close(): void {
    this.#server.close();
  }
}

function listenError(error: NodeJS.ErrnoException, port: number, bind: string | undefined): Error {
  const where = `${bind ?? ""}:${port}`;
  if (error.code === "EADDRINUSE") {
    return new ProxyError("address-in-use", `listen tcp ${where}: bind: address already in use`, {
      hint: "Another program listens there. Stop it, or choose another port with --http-port.",
      cause: error,
    });
  }
  if (error.code === "EACCES") {
    return new ProxyError("listen-failed", `listen tcp ${where}: bind: permission denied`, {
      hint: "Ports below 1024 need privileges. Choose another port with --http-port.",
      cause: error,
    });
  }
  return error;
}
