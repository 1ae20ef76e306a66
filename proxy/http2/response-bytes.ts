/** The fields of an HTTP/2 response → the bytes of an HTTP/1.1 response head, for the one parser that judges all targets. */
import { isBodiless } from "../http1/message-length.ts";
import { REASON_PHRASES } from "../http1/reason-phrases.ts";

const STATUS = /^[1-9]\d\d$/;
/** They have no meaning in HTTP/2, and would have one in what is written here (RFC 9113 §8.2.2). */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

export type Http2ResponseFacts = {
  /** Of the request. */
  readonly method: string;
  /** The stream ended with these fields. */
  readonly endsStream: boolean;
};

/**
 * @param raw name, value, name, value … with `:status` among them
 * @returns null when no head can be made of it: no status, or bytes that would break out of their line
 */
export function responseBytes(raw: readonly string[], { method, endsStream }: Http2ResponseFacts): Buffer | null {
  let status = "";
  let lines = "";
  let hasLength = false;
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    const value = raw[index + 1] as string;
    if (name === ":status") {
      if (status !== "" || !STATUS.test(value)) return null;
      status = value;
      continue;
    }
    if (name.includes(":") || /[\r\n]/.test(name) || /[\r\n]/.test(value)) return null;
    if (CONNECTION_FIELDS.has(name)) continue;
    if (name === "content-length") hasLength = true;
    lines += `${name}: ${value}\r\n`;
  }
  if (status === "") return null;
  const final = status.charCodeAt(0) !== 0x31;
  // A response that ends with its head is empty: without a length, an HTTP/1.1 client would get a chunked one.
  if (final && endsStream && !hasLength && !isBodiless(method, Number(status))) lines += "content-length: 0\r\n";
  return Buffer.from(`HTTP/1.1 ${status} ${REASON_PHRASES[Number(status)] ?? ""}\r\n${lines}\r\n`, "latin1");
}
