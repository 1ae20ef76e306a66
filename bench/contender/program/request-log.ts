/** The access log of the Node contenders: the same JSON line as ours, buffered the same way, to standard output. */
import { write } from "node:fs";
import type { IncomingMessage } from "node:http";

const flushAtCharacters = 64 * 1024;
const flushEveryMs = 200;

let pending = "";

setInterval(flush, flushEveryMs).unref();

export interface AnsweredRequest {
  request: IncomingMessage;
  requestId: string;
  target: string;
  status: number;
  /** From `performance.now()`. */
  startedAtMs: number;
  responseBytes: number;
  responseType: string;
}

export function logRequest(answered: AnsweredRequest): void {
  const { request } = answered;
  const url = request.url ?? "/";
  const mark = url.indexOf("?");
  pending += `${JSON.stringify({
    time: new Date().toISOString(),
    level: "INFO",
    msg: "Request",
    host: request.headers.host ?? "",
    port: request.socket.localPort,
    path: mark < 0 ? url : url.slice(0, mark),
    request_id: answered.requestId,
    status: answered.status,
    service: "web",
    target: answered.target,
    duration: Math.round((performance.now() - answered.startedAtMs) * 1e6),
    method: request.method,
    req_content_length: Number(request.headers["content-length"] ?? 0),
    req_content_type: request.headers["content-type"] ?? "",
    resp_content_length: answered.responseBytes,
    resp_content_type: answered.responseType,
    client_addr: request.socket.remoteAddress,
    client_port: String(request.socket.remotePort),
    remote_addr: request.headers["x-forwarded-for"] ?? request.socket.remoteAddress,
    user_agent: request.headers["user-agent"] ?? "",
    proto: `HTTP/${request.httpVersion}`,
    scheme: "http",
    query: mark < 0 ? "" : url.slice(mark + 1),
  })}\n`;
  if (pending.length >= flushAtCharacters) flush();
}

function flush(): void {
  if (pending === "") return;
  write(process.stdout.fd, pending, () => {});
  pending = "";
}
