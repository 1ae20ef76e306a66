/** HTTP/1 messages read off recorded bytes by a small parser of the tests' own: latin1 text in, messages out. */

export type Field = readonly [name: string, value: string];

export type Message = {
  readonly startLine: string;
  readonly fields: readonly Field[];
  /** Head as it was on the wire, empty line included. */
  readonly head: string;
  readonly framing: "none" | "length" | "chunked" | "close";
  readonly body: string;
  readonly trailers: readonly Field[];
  /** Every byte of the message is there. */
  readonly complete: boolean;
  /** Whole message as it was on the wire. */
  readonly wire: string;
};

export type RequestMessage = Message & { readonly method: string; readonly target: string; readonly version: string };
export type ResponseMessage = Message & {
  readonly status: number;
  readonly version: string;
  /** 1xx responses that came before it. */
  readonly informational: readonly Message[];
};

/** All values of a field, in order; names compare without case. */
export function valuesOf(message: { readonly fields: readonly Field[] }, name: string): string[] {
  return message.fields.filter(([given]) => given.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

export function valueOf(message: { readonly fields: readonly Field[] }, name: string): string | undefined {
  return valuesOf(message, name)[0];
}

/** Requests one after another; `rest` is what is no whole head. The last request may be incomplete. */
export function readRequests(text: string): { requests: RequestMessage[]; rest: string } {
  const requests: RequestMessage[] = [];
  let rest = text;
  while (rest.includes("\r\n\r\n")) {
    const head = readHead(rest);
    const chunked = /chunked\s*$/i.test(valuesOf(head, "transfer-encoding").join(","));
    const length = Number(valueOf(head, "content-length") ?? 0);
    const body = chunked ? readChunked(rest, head.head.length) : readLength(rest, head.head.length, length);
    const [method = "", target = "", version = ""] = splitStartLine(head.startLine);
    const framing = chunked ? "chunked" : valueOf(head, "content-length") === undefined ? "none" : "length";
    const wire = rest.slice(0, body.end);
    requests.push({ ...head, ...body, framing, wire, method, target, version });
    rest = rest.slice(body.end);
    if (!body.complete) break;
  }
  return { requests, rest };
}

/** Responses to requests with these methods (GET when not given). `ended`: the connection has closed after `text`. */
export function readResponses(text: string, methods: readonly string[] = [], ended = false): ResponseMessage[] {
  const responses: ResponseMessage[] = [];
  let informational: Message[] = [];
  let rest = text;
  while (rest.includes("\r\n\r\n")) {
    const head = readHead(rest);
    const [version = "", code = ""] = head.startLine.split(" ");
    const status = Number(code);
    if (status >= 100 && status < 200 && status !== 101) {
      informational.push({ ...head, framing: "none", body: "", trailers: [], complete: true, wire: head.head });
      rest = rest.slice(head.head.length);
      continue;
    }
    const { framing, body } = readResponseBody(rest, head, status, methods[responses.length] ?? "GET", ended);
    const wire = rest.slice(0, body.end);
    responses.push({ ...head, ...body, framing, wire, status, version, informational });
    informational = [];
    rest = rest.slice(body.end);
    if (!body.complete || status === 101) break;
  }
  return responses;
}

type Head = Pick<Message, "startLine" | "fields" | "head">;
type Body = {
  readonly body: string;
  readonly trailers: readonly Field[];
  readonly complete: boolean;
  readonly end: number;
};

function readHead(text: string): Head {
  const end = text.indexOf("\r\n\r\n");
  const [startLine = "", ...lines] = text.slice(0, end).split("\r\n");
  return { startLine, fields: lines.map(readField), head: text.slice(0, end + 4) };
}

function readField(line: string): Field {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "")];
}

/** Targets may hold anything but blanks: first and last blank separate. */
function splitStartLine(line: string): string[] {
  const first = line.indexOf(" ");
  const last = line.lastIndexOf(" ");
  return [line.slice(0, first), line.slice(first + 1, last), line.slice(last + 1)];
}

function readResponseBody(
  text: string,
  head: Head,
  status: number,
  method: string,
  ended: boolean,
): { framing: Message["framing"]; body: Body } {
  const start = head.head.length;
  if (method === "HEAD" || status === 204 || status === 304 || status === 101) {
    return { framing: "none", body: readLength(text, start, 0) };
  }
  if (valueOf(head, "transfer-encoding")?.toLowerCase() === "chunked") {
    return { framing: "chunked", body: readChunked(text, start) };
  }
  const length = valueOf(head, "content-length");
  if (length !== undefined) return { framing: "length", body: readLength(text, start, Number(length)) };
  return { framing: "close", body: { body: text.slice(start), trailers: [], complete: ended, end: text.length } };
}

function readLength(text: string, start: number, length: number): Body {
  const end = Math.min(text.length, start + length);
  return { body: text.slice(start, end), trailers: [], complete: end - start === length, end };
}

function readChunked(text: string, start: number): Body {
  let body = "";
  let position = start;
  const incomplete = () => ({ body, trailers: [], complete: false, end: text.length });
  for (;;) {
    const lineEnd = text.indexOf("\r\n", position);
    if (lineEnd === -1) return incomplete();
    const size = Number.parseInt(text.slice(position, lineEnd), 16);
    if (!/^[0-9a-f]+/i.test(text.slice(position, lineEnd))) return incomplete();
    position = lineEnd + 2;
    if (size === 0) break;
    body += text.slice(position, position + size);
    position += size + 2;
    if (position > text.length || text.slice(position - 2, position) !== "\r\n") return incomplete();
  }
  const trailers: Field[] = [];
  for (;;) {
    const lineEnd = text.indexOf("\r\n", position);
    if (lineEnd === -1) return incomplete();
    const line = text.slice(position, lineEnd);
    position = lineEnd + 2;
    if (line === "") return { body, trailers, complete: true, end: position };
    trailers.push(readField(line));
  }
}
