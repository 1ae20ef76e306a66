/** Our head parser against `node:http` on generated and mutated heads: any difference has a named reason, or is a bug. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkedDecoder } from "../../../proxy/http1/chunked-decoder.ts";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import { DEFAULT_LIMITS } from "../../../proxy/limits.ts";
import type { Field } from "../../support/http-messages.ts";
import { NodeParser, type NodeView } from "../../support/node-parser.ts";
import { mutatedHead, requestHead } from "../../support/request-generator.ts";

type OurView = Extract<NodeView, { accepted: true }> | { readonly accepted: false; readonly status: number };

/** What stands behind a head: the body that it seems to announce. Whoever reads another framing ends in another place. */
function bodyBehind(text: string): string {
  if (/^transfer-encoding:.*chunked/im.test(text)) return "5\r\nhello\r\n0\r\n\r\n";
  const length = Number(/^content-length:[ \t]*\+?0*(\d{1,3})[ \t]*\r$/im.exec(text)?.[1] ?? 0);
  return "b".repeat(length);
}

const LINE = /^[^\r\n]*/;
const fieldsOf = (text: string): string[] => text.slice(0, text.indexOf("\r\n\r\n")).split("\r\n").slice(1);
const named = (text: string, name: RegExp): string[] =>
  fieldsOf(text).filter((line) => name.test(line.split(":")[0] ?? ""));
const valueOf = (line: string): string => line.slice(line.indexOf(":") + 1).replace(/^[ \t]+|[ \t]+$/g, "");

/** Where we refuse what Node takes. Each rule is a reading of the text of its own, not of our parser's reasons. */
const STRICTER: Readonly<Record<string, (text: string) => boolean>> = {
  "one request line: three parts, single blanks, HTTP/1.0 or HTTP/1.1 (RFC 9112 §3)": (text) =>
    !/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32} [^ ]+ HTTP\/1\.[01]$/.test(LINE.exec(text)?.[0] ?? ""),
  "targets of visible characters, without a fragment (RFC 9112 §3.2)": (text) =>
    /[^\x21\x22\x24-\x7e\x80-\xff]/.test((LINE.exec(text)?.[0] ?? "").split(" ")[1] ?? ""),
  "origin form or absolute http form; `*` for OPTIONS only; no CONNECT, no TRACE": (text) => {
    const [method, target = ""] = (LINE.exec(text)?.[0] ?? "").split(" ");
    if (method === "CONNECT" || method === "TRACE") return true;
    return !(target.startsWith("/") || /^https?:\/\/[^/?]/i.test(target) || (target === "*" && method === "OPTIONS"));
  },
  "exactly one Host, one that is a host (RFC 9112 §3.2)": (text) => {
    const hosts = named(text, /^host$/i).map(valueOf);
    const absolute = /^\S+ https?:\/\/([^/?]*)/i.exec(text)?.[1];
    const bad = (host: string): boolean => !/^(\[[0-9a-f:.]+\]|[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?)(:\d{0,5})?$/i.test(host);
    return hosts.length !== 1 || bad(hosts[0] ?? "") || (absolute !== undefined && bad(absolute));
  },
  "Content-Length is one field of digits that a number can hold (RFC 9110 §8.6)": (text) => {
    const lengths = named(text, /^content-length$/i).map(valueOf);
    return (
      lengths.length > 1 ||
      lengths.some((length) => !/^\d{1,16}$/.test(length) || !Number.isSafeInteger(Number(length)))
    );
  },
  "Transfer-Encoding is `chunked` alone, once, in HTTP/1.1, without a length (RFC 9112 §6.1)": (text) => {
    const codings = named(text, /^transfer-encoding$/i).map(valueOf);
    if (codings.length === 0) return false;
    const lengths = named(text, /^content-length$/i);
    const old = /^\S+ \S+ HTTP\/1\.0/.test(text);
    return codings.length > 1 || !/^chunked$/i.test(codings[0] ?? "") || lengths.length > 0 || old;
  },
  "no expectation but 100-continue, once (RFC 9110 §10.1.1)": (text) => {
    const expectations = named(text, /^expect$/i).map(valueOf);
    return expectations.length > 1 || expectations.some((value) => value.toLowerCase() !== "100-continue");
  },
  "no folded lines (RFC 9112 §5.2)": (text) => fieldsOf(text).some((line) => /^[ \t]/.test(line)),
  "field names are tokens of at most 256 bytes, followed by the colon at once (RFC 9112 §5.1)": (text) =>
    fieldsOf(text).some((line) => !/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}:/.test(line)),
  "no control characters, no bare CR or LF (RFC 9110 §5.5)": (text) =>
    fieldsOf(text).some((line) => /[\0-\x08\x0a-\x1f\x7f]/.test(line)),
};

/** Where Node refuses what we take. */
const NARROWER: Readonly<Record<string, (text: string, node: { code: string }) => boolean>> = {
  "Node knows the registered methods only; a proxy passes any token on (RFC 9110 §9.1)": (text, { code }) =>
    code === "HPE_INVALID_METHOD" && /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32} /.test(text),
  "Node refuses bytes above 0x7f in targets; curl and old clients send raw UTF-8, which passes as it came": (
    text,
    { code },
  ) => code === "HPE_INVALID_URL" && /[\x80-\xff]/.test((LINE.exec(text)?.[0] ?? "").split(" ")[1] ?? ""),
  "Node does not see `chunked` when blanks follow it, which RFC 9110 §5.5 says are no part of it": (text, { code }) =>
    code.startsWith("body: ") && /\r\ntransfer-encoding:[ \t]*chunked[ \t]+\r\n/i.test(text),
};

test.each([
  ["generated heads", requestHead, 1_500],
  ["heads with places gone wrong", mutatedHead, 3_500],
])("on %s", async (_, heads, numRuns) => {
  expect(await differences(heads, numRuns)).toBe(0);
});

test.each(Object.entries(STRICTER))("the rule “%s” does not excuse a proper request", (_, applies) => {
  for (const text of [
    "GET /x?y HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    "POST http://a.test:80/ HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nX: \xff\r\n\r\n",
  ]) {
    expect(applies(text)).toBe(false);
  }
});

/** How many heads are read differently for no named reason; the first of them is thrown, as small as it can be. */
async function differences(heads: fc.Arbitrary<string>, numRuns: number): Promise<number> {
  const node = new NodeParser();
  const property = fc.asyncProperty(heads, async (head) => {
    // Empty lines before a request are the connection's business, not the parser's.
    const text = head.replace(/^(\r\n)+/, "");
    if (text === "") return;
    const bytes = Buffer.from(text + bodyBehind(text), "latin1");
    const theirs = await node.parse(bytes);
    const ours = parse(bytes);
    const difference = explain(text, ours, theirs);
    if (difference !== "")
      throw new Error(`${difference}\n${JSON.stringify(text)}\n${JSON.stringify({ ours, theirs })}`);
  });
  const result = await fc.check(property, { numRuns });
  if (result.failed) throw new Error(String(result.errorInstance));
  return 0;
}

/** Empty when there is nothing to explain. */
function explain(text: string, ours: OurView, theirs: NodeView): string {
  if (ours.accepted && theirs.accepted) {
    // Of `close` and `keep-alive` together Node believes the latter in HTTP/1.0; RFC 9112 §9.3 the former.
    const both = /^connection:.*\bclose\b/im.test(text) && /^connection:.*keep-alive/im.test(text);
    expect(ours).toEqual(both ? { ...theirs, keepAlive: false } : theirs);
    return "";
  }
  if (!ours.accepted && !theirs.accepted) return "";
  const reasons = ours.accepted
    ? Object.values(NARROWER).some((applies) => !theirs.accepted && applies(text, theirs))
    : Object.values(STRICTER).some((applies) => applies(text));
  if (reasons) return "";
  return ours.accepted ? "we take what Node refuses" : `we refuse with ${ours.status} what Node takes`;
}

function parse(bytes: Buffer): OurView {
  const head = new RequestHead(DEFAULT_LIMITS);
  head.reset(0);
  const end = head.parse(bytes, bytes.length);
  if (end <= 0) return { accepted: false, status: -end };
  const { fields } = head;
  const lines = Array.from({ length: fields.count }, (_, index): Field => {
    return [head.slice(fields.lineStart[index] as number, fields.nameEnd[index] as number), head.valueAt(index)];
  });
  const body = bodyOf(head, bytes, end);
  if (body === undefined) return { accepted: false, status: 400 };
  return {
    accepted: true,
    method: head.method,
    target: bytes.toString("latin1", head.absoluteForm ? bytes.indexOf(" ") + 1 : head.pathStart, head.targetEnd),
    version: `1.${head.minorVersion}`,
    fields: lines,
    body,
    keepAlive: head.keepAlive,
  };
}

/** The body that the framing cuts out of what follows; undefined when it is not all there. */
function bodyOf(head: RequestHead, bytes: Buffer, start: number): string | undefined {
  if (!head.chunked) {
    const end = start + head.contentLength;
    return end <= bytes.length ? bytes.toString("latin1", start, end) : undefined;
  }
  const decoder = new ChunkedDecoder(DEFAULT_LIMITS.maxTrailerBytes);
  const into = Buffer.alloc(bytes.length);
  const written = decoder.decode(bytes, start, bytes.length, into, 0);
  return decoder.done ? into.toString("latin1", 0, written) : undefined;
}
