/** A target on a bare socket: keeps every byte that reaches it, understands enough framing to know when to answer. */
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type RequestMessage, readRequests, valueOf } from "./http-messages.ts";

/** One connection to the target, with everything that came over it. */
export class UpstreamConnection {
  readonly socket: Socket;
  receivedBytes = 0;
  /** What has come and is no whole request yet. */
  pending = "";
  #chunks: Buffer[] = [];
  /** Requests whose head is complete; the last one may be still on its way. */
  readonly requests: RequestMessage[] = [];
  /** The proxy has sent FIN. */
  ended = false;
  closed = false;
  error: string | undefined;
  /** `performance.now()` of the close. */
  closedAt = 0;
  answered = 0;
  continued = 0;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Everything that has come, one character per byte. */
  get received(): string {
    return Buffer.concat(this.#chunks).toString("latin1");
  }

  take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.receivedBytes += chunk.length;
    this.pending += chunk.toString("latin1");
  }

  /** The last request was cut off: its connection closed before it was complete. */
  get aborted(): boolean {
    return this.closed && this.requests.at(-1)?.complete === false;
  }
}

/** Beyond this an unfinished request is not looked at again before it is complete. */
const LARGE = 512 * 1024;

export type RecordedRequest = RequestMessage & { readonly connection: UpstreamConnection };

/** Wire text of the answer; null leaves the request unanswered (the test does it). */
export type Answerer = (request: RequestMessage, connection: UpstreamConnection) => string | Buffer | null;

export class RecordingUpstream {
  readonly port: number;
  /** Connections on which something has arrived, or that are open. */
  readonly connections: UpstreamConnection[] = [];
  /** How complete requests are answered; may be replaced at any time. */
  answer: Answerer;
  /** Sends `100 Continue` when a request asks for it. */
  continues = true;
  readonly #server: Server;
  #ignored = new Set<RequestMessage>();
  #forgotten = 0;

  private constructor(server: Server, answer: Answerer) {
    this.#server = server;
    this.answer = answer;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket) => this.#accept(socket));
  }

  /** Listens on a free loopback port. `name` stands in every answer, so that a mix-up shows. */
  static start(
    name: string,
    answer: Answerer = (request) => okResponse(bodyFor(name, request), request),
  ): Promise<RecordingUpstream> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve(new RecordingUpstream(server, answer)));
    });
  }

  /** Requests since the last `forget`, in the order of connections. */
  get requests(): RecordedRequest[] {
    return this.connections.flatMap((connection) =>
      connection.requests
        .filter((request) => !this.#ignored.has(request))
        .map((request) => ({ ...request, connection })),
    );
  }

  /** Bytes received since the last `forget`. */
  get receivedBytes(): number {
    return this.connections.reduce((sum, connection) => sum + connection.receivedBytes, 0) - this.#forgotten;
  }

  /** Counts from here on as if nothing had come before. */
  forget(): void {
    for (const connection of this.connections) for (const request of connection.requests) this.#ignored.add(request);
    this.#forgotten = this.connections.reduce((sum, connection) => sum + connection.receivedBytes, 0);
  }

  /** Closes the listener and every connection. */
  stop(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(socket: Socket): void {
    const connection = new UpstreamConnection(socket);
    this.connections.push(connection);
    socket.on("data", (chunk: Buffer) => {
      connection.take(chunk);
      this.#read(connection);
    });
    socket.on("end", () => {
      connection.ended = true;
      socket.end();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      connection.error = error.code;
    });
    socket.on("close", () => {
      connection.closed = true;
      connection.closedAt = performance.now();
    });
  }

  #read(connection: UpstreamConnection): void {
    if (connection.pending.length > LARGE && connection.pending.length < lengthOfUnfinished(connection)) return;
    const { requests, rest } = readRequests(connection.pending);
    if (connection.requests.at(-1)?.complete === false) connection.requests.pop();
    connection.requests.push(...requests);
    const unfinished = requests.at(-1)?.complete === false ? requests.at(-1) : undefined;
    connection.pending = unfinished ? unfinished.wire : rest;
    const last = connection.requests.at(-1);
    const wantsContinue = last && !last.complete && valueOf(last, "expect") !== undefined;
    if (this.continues && wantsContinue && connection.continued < connection.requests.length) {
      connection.continued = connection.requests.length;
      connection.socket.write("HTTP/1.1 100 Continue\r\n\r\n");
    }
    while (connection.answered < connection.requests.length) {
      const request = connection.requests[connection.answered] as RequestMessage;
      if (!request.complete) break;
      connection.answered++;
      const bytes = this.answer(request, connection);
      if (bytes !== null) connection.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    }
  }
}

/** Bytes of the last request, if its length is known and it is not complete yet. */
function lengthOfUnfinished({ requests }: UpstreamConnection): number {
  const last = requests.at(-1);
  if (!last || last.complete || last.framing !== "length") return 0;
  return last.head.length + Number(valueOf(last, "content-length"));
}

/** Names the target, the method, the path and the body's length: enough to see whose answer to what this is. */
export function bodyFor(name: string, request: RequestMessage): string {
  return `${name} ${request.method} ${request.target.slice(0, 100)} ${request.body.length}`;
}

/** A 200 with Content-Length; without its body for HEAD. */
export function okResponse(body: string, request?: { readonly method: string }, fields = ""): string {
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nContent-Type: text/plain\r\n${fields}\r\n`;
  return request?.method === "HEAD" ? head : head + body;
}
