/** Answers of the proxy's own, as HTTP/1.1 bytes: status, fields and page into the output buffer. */
import { httpDate } from "../http1/date-field.ts";
import type { Output } from "../http1/output.ts";
import { REASON_PHRASES } from "../http1/reason-phrases.ts";
import { errorPage } from "./error-page.ts";

export type Answer = {
  readonly message?: string;
  readonly retryAfterSeconds?: number;
  readonly location?: string;
  /** ASCII, in place of any page. */
  readonly text?: string;
  /** The service's own page in place of the built-in one. */
  readonly page?: Buffer | null;
  /** Wire text of more fields. */
  readonly fields?: string;
  /** The request was a HEAD: fields only. */
  readonly head: boolean;
  /** Wire text of a Connection field, or nothing. */
  readonly connection: string;
};

const HTML = "text/html; charset=utf-8";
const TEXT = "text/plain";
const NOTHING = Buffer.alloc(0);

/** What an answer consists of, whatever the wire: its page, and wire text of its fields. Errors and texts are never to be cached. */
export function answerContent(
  status: number,
  answer: Omit<Answer, "head" | "connection">,
): { readonly page: Buffer; readonly contentType: string; readonly fields: string } {
  const page = bodyOf(status, answer);
  const contentType = typeOf(status, answer);
  const type = contentType === "" ? "" : `Content-Type: ${contentType}\r\nCache-Control: no-store\r\n`;
  const location = answer.location === undefined ? "" : `Location: ${answer.location}\r\n`;
  const retry = answer.retryAfterSeconds === undefined ? "" : `Retry-After: ${answer.retryAfterSeconds}\r\n`;
  const fields = `${type}${location}${retry}${answer.fields ?? ""}Content-Length: ${page.length}\r\n`;
  return { page, contentType, fields };
}

/** Writes the answer and says what the access log has to know of it. */
export function writeAnswer(
  output: Output,
  status: number,
  answer: Answer,
): { readonly bodyBytes: number; readonly contentType: string } {
  const { page, contentType, fields } = answerContent(status, answer);
  output.text(
    `HTTP/1.1 ${status} ${REASON_PHRASES[status] ?? "Unknown"}\r\n${fields}` +
      `${answer.connection}Date: ${httpDate()}\r\n\r\n`,
  );
  if (answer.head) return { bodyBytes: 0, contentType };
  output.copy(page, 0, page.length);
  return { bodyBytes: page.length, contentType };
}

function bodyOf(status: number, { text, page, message }: Omit<Answer, "head" | "connection">): Buffer {
  if (text !== undefined) return Buffer.from(text, "latin1");
  return status < 400 ? NOTHING : (page ?? errorPage(status, message));
}

function typeOf(status: number, { text }: Pick<Answer, "text">): string {
  if (text !== undefined) return TEXT;
  return status < 400 ? "" : HTML;
}
