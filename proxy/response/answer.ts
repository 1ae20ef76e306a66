/** Answers of the proxy's own, as HTTP/1.1 bytes: status, fields and page into the output buffer. */
import { httpDate } from "../http1/date-field.ts";
import type { Output } from "../http1/output.ts";
import { REASON_PHRASES } from "../http1/reason-phrases.ts";
import { errorPage } from "./error-page.ts";

export type Answer = {
  readonly message?: string;
  readonly retryAfterSeconds?: number;
  readonly location?: string;
  /** The service's own page in place of the built-in one. */
  readonly page?: Buffer | null;
  /** The request was a HEAD: fields only. */
  readonly head: boolean;
  /** Wire text of a Connection field, or nothing. */
  readonly connection: string;
};

const HTML = "text/html; charset=utf-8";
const NOTHING = Buffer.alloc(0);

/** Writes the answer and says what the access log has to know of it. Errors are never to be cached. */
export function writeAnswer(
  output: Output,
  status: number,
  answer: Answer,
): { readonly bodyBytes: number; readonly contentType: string } {
  const page = status < 400 ? NOTHING : (answer.page ?? errorPage(status, answer.message));
  const contentType = status < 400 ? "" : HTML;
  const fields = status < 400 ? "" : `Content-Type: ${HTML}\r\nCache-Control: no-store\r\n`;
  const location = answer.location === undefined ? "" : `Location: ${answer.location}\r\n`;
  const retry = answer.retryAfterSeconds === undefined ? "" : `Retry-After: ${answer.retryAfterSeconds}\r\n`;
  output.text(
    `HTTP/1.1 ${status} ${REASON_PHRASES[status] ?? "Unknown"}\r\n${fields}${location}${retry}` +
      `Content-Length: ${page.length}\r\n${answer.connection}Date: ${httpDate()}\r\n\r\n`,
  );
  if (answer.head) return { bodyBytes: 0, contentType };
  output.copy(page, 0, page.length);
  return { bodyBytes: page.length, contentType };
}
