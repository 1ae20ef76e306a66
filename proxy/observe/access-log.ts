/** The access log: one line per exchange, fields and order of kamal-proxy (proxy-behaviour §10.2). */
import { LOG_LIMITS } from "../limits.ts";
import type { Exchange } from "../request/exchange.ts";
import { cachedJsonText, jsonText } from "./json-text.ts";
import type { LineWriter } from "./line-writer.ts";
import { formatLogTime } from "./log-time.ts";

export class AccessLog {
  readonly #writer: LineWriter;

  constructor(writer: LineWriter) {
    this.#writer = writer;
  }

  /** @param elapsedMs from the request head to the end of the response */
  record(exchange: Exchange, elapsedMs: number): void {
    const line = `${everyLine(exchange, elapsedMs, jsonText, cachedJsonText)}${moreFields(exchange)}}\n`;
    this.#writer.append(line.length > LOG_LIMITS.maxLineBytes ? tightLine(exchange, elapsedMs) : line);
  }
}

type ToJson = (text: string) => string;

/** @param common for values that come again and again */
function everyLine(exchange: Exchange, elapsedMs: number, text: ToJson, common: ToJson): string {
  const remote = exchange.remoteAddress;
  return `{"time":"${formatLogTime(exchange.receivedAtMs + elapsedMs)}","level":"INFO","msg":"Request","host":${common(exchange.authority)},"port":${exchange.localPort},"path":${text(decodedPath(exchange))},"request_id":${text(exchange.requestId)},"status":${exchange.status},"service":"${exchange.service}","target":"${exchange.target}","duration":${Math.round(elapsedMs * 1e6)},"method":"${exchange.method}","req_content_length":${exchange.requestLength},"req_content_type":${common(exchange.requestType)},"resp_content_length":${exchange.responseBytes},"resp_content_type":${common(exchange.responseType)},"client_addr":"${exchange.clientAddress}","client_port":"${exchange.clientPort}","remote_addr":${remote === exchange.clientAddress ? `"${remote}"` : text(remote)},"user_agent":${common(exchange.userAgent)},"proto":"${exchange.protocol}","scheme":"${exchange.scheme}","query":${exchange.query === "" ? '""' : text(exchange.query)}`;
}

function moreFields(exchange: Exchange): string {
  if (exchange.loggedFields === null) return "";
  let text = "";
  for (const [name, value] of exchange.loggedFields) text += `,${JSON.stringify(name)}:${jsonText(value)}`;
  return text;
}

/**
 * The same line where a client has sent too much for one: every value is cut short, configured fields that find no room
 * are left out, and `truncated` says so.
 */
function tightLine(exchange: Exchange, elapsedMs: number): string {
  const end = ',"truncated":true}\n';
  let line = everyLine(exchange, elapsedMs, tightText, tightText);
  for (const [name, value] of exchange.loggedFields ?? []) {
    const field = `,${JSON.stringify(name)}:${tightText(value)}`;
    if (line.length + field.length + end.length <= LOG_LIMITS.maxLineBytes) line += field;
  }
  return line + end;
}

/** What grows when it is escaped (six characters for a byte, at worst) is cut shorter still. */
function tightText(value: string): string {
  const limit = LOG_LIMITS.maxValueLengthWhenTight;
  const json = jsonText(value, limit);
  return json.length > 2 * limit ? jsonText(value, limit / 4) : json;
}

/** The path is logged decoded, as the reference does; it was matched and forwarded as it came. */
function decodedPath(exchange: Exchange): string {
  if (!exchange.unusualPath || !exchange.path.includes("%")) return exchange.path;
  try {
    return Buffer.from(decodeURIComponent(exchange.path), "utf8").toString("latin1");
  } catch {
    return exchange.path;
  }
}
