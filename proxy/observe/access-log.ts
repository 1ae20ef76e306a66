/** The access log: one line per exchange, fields and order of kamal-proxy (proxy-behaviour §10.2). */
import type { Exchange } from "../request/exchange.ts";
import { cachedJsonText, jsonText } from "./json-text.ts";
import type { LineWriter } from "./line-writer.ts";
import { formatLogTime } from "./log-time.ts";

export class AccessLog {
  readonly #writer: LineWriter;

  constructor(writer: LineWriter) {
    this.#writer = writer;
  }

  record(exchange: Exchange): void {
    const elapsedMs = performance.now() - exchange.startedAt;
    const remote = exchange.remoteAddress;
    this.#writer.append(
      `{"time":"${formatLogTime(exchange.receivedAtMs + elapsedMs)}","level":"INFO","msg":"Request","host":${cachedJsonText(exchange.authority)},"port":${exchange.localPort},"path":${pathText(exchange)},"request_id":${jsonText(exchange.requestId)},"status":${exchange.status},"service":"${exchange.service}","target":"${exchange.target}","duration":${Math.round(elapsedMs * 1e6)},"method":"${exchange.method}","req_content_length":${exchange.requestLength},"req_content_type":${cachedJsonText(exchange.requestType)},"resp_content_length":${exchange.responseBytes},"resp_content_type":${cachedJsonText(exchange.responseType)},"client_addr":"${exchange.clientAddress}","client_port":"${exchange.clientPort}","remote_addr":${remote === exchange.clientAddress ? `"${remote}"` : jsonText(remote)},"user_agent":${cachedJsonText(exchange.userAgent)},"proto":"${exchange.protocol}","scheme":"${exchange.scheme}","query":${exchange.query === "" ? '""' : jsonText(exchange.query)}${moreFields(exchange)}}\n`,
    );
  }
}

/** The path is logged decoded, as the reference does; it was matched and forwarded as it came. */
function pathText(exchange: Exchange): string {
  if (!exchange.unusualPath || !exchange.path.includes("%")) return jsonText(exchange.path);
  try {
    const utf8 = Buffer.from(decodeURIComponent(exchange.path), "utf8");
    return jsonText(utf8.toString("latin1"));
  } catch {
    return jsonText(exchange.path);
  }
}

function moreFields(exchange: Exchange): string {
  if (exchange.loggedFields === null) return "";
  let text = "";
  for (const [name, value] of exchange.loggedFields) text += `,${JSON.stringify(name)}:${jsonText(value)}`;
  return text;
}
