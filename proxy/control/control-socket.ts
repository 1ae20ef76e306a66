/**
 * The server's end of the control socket: one connection, one request, answered by the control plane. A client that
 * stalls, sends garbage or goes away costs nobody else anything, and never ends what it has started.
 */
import { createServer, type Server, type Socket } from "node:net";
import { ProxyError } from "../errors.ts";
import type { EventLog } from "../observe/event-log.ts";
import { type Claim, claimSocketPath } from "../state/exclusive-socket.ts";
import type { ControlPlane } from "./control-plane.ts";
import { type ControlRequest, MAX_REQUEST_BYTES, parseRequest } from "./control-protocol.ts";
import { type ControlMessage, encodeLine, errorMessage } from "./control-wire.ts";
import type { Report } from "./progress.ts";
import { readLine } from "./read-line.ts";

/** Longest wait for a client's request, from the connection on. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** How long a client may take to read its answer and close. */
const LINGER_MS = 5_000;
/** How long a closing socket waits for answers under way to be sent. */
const CLOSE_GRACE_MS = 1_000;
/** A client that does not read gets no more events than fit in here; its result is sent all the same. */
const MAX_UNREAD_BYTES = 256 * 1024;

export type ControlSocketOptions = { readonly requestTimeoutMs?: number };

export class ControlSocket {
  readonly path: string;
  readonly #plane: ControlPlane;
  readonly #log: EventLog;
  readonly #requestTimeoutMs: number;
  readonly #connections = new Set<Socket>();
  #claim: Claim | undefined;

  private constructor(path: string, plane: ControlPlane, log: EventLog, options: ControlSocketOptions) {
    this.path = path;
    this.#plane = plane;
    this.#log = log;
    this.#requestTimeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  }

  /** @throws ProxyError `address-in-use` when a live process listens there; system errors when the path cannot be made */
  static async listen(
    path: string,
    controlPlane: ControlPlane,
    log: EventLog,
    options: ControlSocketOptions = {},
  ): Promise<ControlSocket> {
    const socket = new ControlSocket(path, controlPlane, log, options);
    socket.#claim = await claimSocketPath(socket.#createServer(), path);
    return socket;
  }

  /**
   * Accepts nothing more, gives answers under way a second, then cuts. Close the control plane first: that is what
   * ends the long ones.
   */
  async close(): Promise<void> {
    this.#log.debug("Closing RPC listener");
    const timer = setTimeout(() => this.#cut(), CLOSE_GRACE_MS);
    await this.#claim?.release();
    clearTimeout(timer);
  }

  #createServer(): Server {
    // Half-open, because a client may end its side as soon as it has asked.
    const server = createServer({ allowHalfOpen: true }, (connection) => {
      this.#connections.add(connection);
      connection.once("close", () => this.#connections.delete(connection));
      connection.on("error", () => connection.destroy());
      void this.#serve(connection);
    });
    server.on("error", (error) => this.#log.error("RPC accept failed", { error }));
    return server;
  }

  #cut(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  async #serve(connection: Socket): Promise<void> {
    let answer: ControlMessage | undefined;
    try {
      const line = await readLine(connection, { maxBytes: MAX_REQUEST_BYTES, timeoutMs: this.#requestTimeoutMs });
      answer =
        line === undefined ? undefined : { result: await this.#carryOut(parseRequest(line), reportTo(connection)) };
    } catch (error) {
      answer = errorMessage(this.#asProxyError(error));
    }
    if (answer === undefined) {
      connection.destroy();
      return;
    }
    // Closing at once, with bytes of the client still unread, would take the answer away from it.
    connection.end(encodeLine(answer));
    const timer = setTimeout(() => connection.destroy(), LINGER_MS);
    connection.once("close", () => clearTimeout(timer));
  }

  async #carryOut(request: ControlRequest, report: Report): Promise<unknown> {
    const plane = this.#plane;
    if (request.command === "deploy") return plane.deploy(request.deploy, report);
    if (request.command === "prepare") return plane.prepare(request.deploy, request.ttlMs, report);
    if (request.command === "commit") return plane.commit(request.name, request.id, report);
    if (request.command === "rollout-deploy") return plane.deployRollout(request.rollout, report);
    if (request.command === "list") return plane.list();
    if (request.command === "certificates") return plane.certificates();
    if (request.command === "pause") await plane.pause(request.name, request.options, report);
    else if (request.command === "stop") await plane.stop(request.name, request.options, report);
    else if (request.command === "resume") await plane.resume(request.name);
    else if (request.command === "abort") await plane.abort(request.name, request.id);
    else if (request.command === "revert") await plane.revert(request.name, request.id, report);
    else if (request.command === "rollout-set") await plane.setRollout(request.name, request.options);
    else if (request.command === "rollout-stop") await plane.stopRollout(request.name);
    else await plane.remove(request.name);
    return {};
  }

  #asProxyError(error: unknown): ProxyError {
    if (error instanceof ProxyError) return error;
    this.#log.error("Control command failed", { error, stack: (error as Error).stack });
    return new ProxyError("internal", (error as Error).message, { cause: error });
  }
}

function reportTo(connection: Socket): Report {
  return (event) => {
    if (connection.writable && connection.writableLength < MAX_UNREAD_BYTES) connection.write(encodeLine({ event }));
  };
}
