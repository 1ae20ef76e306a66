/** A listener for clients, of HTTP or of HTTPS: accepts connections and hands them on. */
import { createServer, type Server, type Socket } from "node:net";
import { listenAddress, listenError } from "./listen-error.ts";

const BACKLOG = 4096;

export class HttpListener {
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /**
   * @param flag the one that sets the port, for the error's hint
   * @param bind address to listen on; undefined for all, IPv4 and IPv6
   * @throws ProxyError `address-in-use` worded as the reference does
   */
  static listen(
    port: number,
    bind: string | undefined,
    onSocket: (socket: Socket) => void,
    flag = "--http-port",
  ): Promise<HttpListener> {
    // Half-open: a client that has said its last word still gets its answer.
    const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 });
    server.on("connection", onSocket);
    return new Promise((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) =>
        reject(listenError(error, listenAddress(port, bind), flag)),
      );
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
