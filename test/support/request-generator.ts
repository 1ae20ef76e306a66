/** Random requests for property tests: plausible heads, hostile heads, and heads with single bytes gone wrong. */
import * as fc from "fast-check";

const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "PROPFIND"];
const TARGETS = [
  "/",
  "/a/b?c=d",
  "/%41%zz",
  "//x",
  "*",
  "http://a.test/x",
  "http://a.test",
  "https://A.TEST:8443/?q",
  "a.test:80",
  "/a\\b",
  "/caf\xc3\xa9",
  '/{}|^`"<>',
  "/#x",
];
const VERSIONS = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/1.2", "http/1.1"];
const HOSTS = ["a.test", "A.Test:80", "a.test.", "[::1]", "[::1]:80", "", "a b", "a@b", "a/b", "a,b", "a:b", "*.test"];
const NAMES = [
  "X-A",
  "x-b",
  "Cookie",
  "Accept",
  "User-Agent",
  "X_Under",
  "X.Dot",
  "Via",
  "Content-Type",
  "~!#$%&'*+^`|",
];
const VALUES = ["1", "", "a b", "\ta\t", '"q"', "caf\xe9", "\x80\xff", "a, b", "x=y; z", "0".repeat(300)];
const FRAMING = [
  "Content-Length: 5",
  "Content-Length: 0",
  "content-length:5",
  "Content-Length: 05",
  "Content-Length: +5",
  "Content-Length: 5, 5",
  "Content-Length: 5 5",
  "Content-Length:",
  "Content-Length: 99999999999999999999",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: Chunked",
  "transfer-encoding:\tchunked ",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked, gzip",
  "Transfer-Encoding: identity",
  "Transfer-Encoding:",
  "Transfer-Encoding: xchunked",
];
const CONNECTION = ["close", "keep-alive", "Keep-Alive", "close, keep-alive", "x, close", "", "upgrade", ", ,"];
const OTHER = ["Expect: 100-continue", "Expect: other", "Upgrade: websocket", "TE: trailers", "Trailer: x"];

const oneOf = (values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values);

const fieldLine: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(oneOf(NAMES), oneOf(VALUES)).map(([name, value]) => `${name}: ${value}`) },
  { weight: 2, arbitrary: oneOf(FRAMING) },
  { weight: 1, arbitrary: oneOf(CONNECTION).map((value) => `Connection: ${value}`) },
  { weight: 1, arbitrary: oneOf(OTHER) },
  { weight: 1, arbitrary: oneOf(HOSTS).map((host) => `Host: ${host}`) },
);

/** A head that is mostly well-formed. */
export const requestHead: fc.Arbitrary<string> = fc
  .record({
    method: fc.oneof({ weight: 4, arbitrary: fc.constant("GET") }, { weight: 4, arbitrary: oneOf(METHODS) }),
    target: fc.oneof({ weight: 4, arbitrary: fc.constant("/x") }, { weight: 4, arbitrary: oneOf(TARGETS) }),
    version: oneOf(VERSIONS),
    host: fc.oneof({ weight: 6, arbitrary: fc.constant("Host: a.test") }, { weight: 1, arbitrary: fc.constant("") }),
    fields: fc.array(fieldLine, { maxLength: 6 }),
  })
  .map(({ method, target, version, host, fields }) => {
    const lines = [`${method} ${target} ${version}`, ...(host === "" ? [] : [host]), ...fields];
    return `${lines.join("\r\n")}\r\n\r\n`;
  });

const ODD_BYTES = [
  "\r",
  "\n",
  "\r\n",
  " ",
  "\t",
  ":",
  "\0",
  "\v",
  ",",
  ";",
  "/",
  "\x7f",
  "\x80",
  "\xa0",
  "\xff",
  "%",
  "(",
  "0",
  "\r\n ",
];

type Mutation = { readonly at: number; readonly remove: number; readonly insert: string };

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  remove: fc.nat({ max: 2 }),
  insert: fc.oneof(fc.constant(""), oneOf(ODD_BYTES)),
});

/** A head with up to three places gone wrong; still ends with an empty line, so that every parser makes up its mind. */
export const mutatedHead: fc.Arbitrary<string> = fc
  .tuple(requestHead, fc.array(mutation, { minLength: 1, maxLength: 3 }))
  .map(([head, mutations]) => {
    let text = head;
    for (const { at, remove, insert } of mutations) {
      const position = Math.floor(at * text.length);
      text = text.slice(0, position) + insert + text.slice(position + remove);
    }
    return text.endsWith("\r\n\r\n") ? text : `${text}\r\n\r\n`;
  });

/** Positions at which `length` bytes are cut into pieces, in order. */
export function splits(length: number, maxPieces = 12): fc.Arbitrary<number[]> {
  return fc
    .uniqueArray(fc.integer({ min: 1, max: Math.max(1, length - 1) }), { maxLength: maxPieces })
    .map((positions) => positions.filter((position) => position < length).sort((a, b) => a - b));
}

/** `bytes` cut at `positions`. */
export function cut(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const ends = [...positions, bytes.length];
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}
