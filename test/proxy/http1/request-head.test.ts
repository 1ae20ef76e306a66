/** The request head parser by itself: any split gives the same result, and what it says is what stands there. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RequestHead } from "../../../proxy/http1/request-head.ts";
import { DEFAULT_LIMITS, type Limits } from "../../../proxy/limits.ts";
import { mutatedHead, requestHead, splits } from "../../support/request-generator.ts";

const BEFORE = "leftover of another message";

/** Parses `text` inside a larger buffer, offered up to each of `ends` in turn. */
function parse(text: string, ends: readonly number[], limits: Partial<Limits> = {}): unknown {
  const bytes = Buffer.from(`${BEFORE}${text}`, "latin1");
  const head = new RequestHead({ ...DEFAULT_LIMITS, ...limits });
  head.reset(BEFORE.length);
  let result = 0;
  for (const end of [...ends, text.length]) {
    // Each time another buffer, as when a connection's input grows.
    const available = Buffer.alloc(BEFORE.length + end + 40, "#");
    bytes.copy(available, 0, 0, BEFORE.length + end);
    result = head.parse(available, BEFORE.length + end);
    if (result !== 0) break;
  }
  if (result <= 0) return result;
  const { fields } = head;
  return {
    result,
    method: head.method,
    minorVersion: head.minorVersion,
    host: head.host,
    authority: head.authority,
    path: head.slice(head.pathStart, head.queryStart),
    query: head.slice(head.queryStart, head.targetEnd),
    flags: [head.asterisk, head.emptyPath, head.absoluteForm, head.unusualPath, head.chunked, head.keepAlive],
    body: [head.contentLength, head.hasContentLength, head.upgrade, head.expectContinue, head.acceptsTrailers],
    fields: Array.from({ length: fields.count }, (_, index) => [
      fields.ids[index],
      fields.kept[index],
      head.valueAt(index),
    ]),
  };
}

test.each([
  ["proper", requestHead],
  ["broken", mutatedHead],
])("any split of a %s head into pieces gives the same result", (_, heads) => {
  const cases = heads.chain((text) => fc.tuple(fc.constant(text), splits(text.length)));
  fc.assert(
    fc.property(cases, ([text, ends]) => {
      expect(parse(text, ends)).toEqual(parse(text, []));
    }),
    { numRuns: 1_500 },
  );
});

test("so do single bytes", () => {
  fc.assert(
    fc.property(mutatedHead, (text) => {
      const every = Array.from({ length: text.length }, (_, index) => index);
      expect(parse(text, every)).toEqual(parse(text, []));
    }),
    { numRuns: 300 },
  );
});

test("limits mean the same for a head in pieces", () => {
  const limits = { maxRequestHeadBytes: 120, maxTargetBytes: 30, maxRequestFields: 4 };
  const long = fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 120 }), fc.nat({ max: 7 })).map(([target, value, count]) => {
    return `GET /${"t".repeat(target)} HTTP/1.1\r\nHost: a\r\n${"A: b\r\n".repeat(count)}X: ${"v".repeat(value)}\r\n\r\n`;
  });
  const cases = long.chain((text) => fc.tuple(fc.constant(text), splits(text.length)));
  const statusOf = (result: unknown): unknown => (typeof result === "number" ? result : 200);
  fc.assert(
    fc.property(cases, ([text, ends]) => {
      expect(statusOf(parse(text, ends, limits))).toBe(statusOf(parse(text, [], limits)));
    }),
    { numRuns: 800 },
  );
});

describe("what the parser says of a target", () => {
  test.each([
    ["/a/b?c?d", { path: "/a/b", query: "?c?d", unusual: false }],
    ["/a%2f", { path: "/a%2f", query: "", unusual: true }],
    ["/a?%2f/..", { path: "/a", query: "?%2f/..", unusual: false }],
    ["/.x", { path: "/.x", query: "", unusual: true }],
    ["/x.y", { path: "/x.y", query: "", unusual: false }],
    ["/a\\b", { path: "/a\\b", query: "", unusual: true }],
    ["http://h.test/a/..", { path: "/a/..", query: "", unusual: true }],
    ["http://h.test?q", { path: "", query: "?q", unusual: false }],
  ])("%s", (target, { path, query, unusual }) => {
    const seen = parse(`GET ${target} HTTP/1.1\r\nHost: a.test\r\n\r\n`, []) as {
      path: string;
      query: string;
      flags: boolean[];
    };
    expect([seen.path, seen.query, seen.flags[3]]).toEqual([path, query, unusual]);
  });
});

test("one instance serves message after message without memory of the last", () => {
  const head = new RequestHead(DEFAULT_LIMITS);
  const read = (text: string): string => {
    const bytes = Buffer.from(text, "latin1");
    head.reset(0);
    const result = head.parse(bytes, bytes.length);
    return result > 0
      ? `${head.method} ${head.host} ${head.contentLength} ${head.chunked} ${head.expectContinue} ${head.upgrade}`
      : `${result}`;
  };
  const rich =
    "POST / HTTP/1.1\r\nHost: One.test\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: upgrade\r\nUpgrade: websocket\r\nTE: trailers\r\n\r\n";
  fc.assert(
    fc.property(fc.array(fc.oneof(mutatedHead, fc.constant(rich)), { maxLength: 4 }), (earlier) => {
      for (const text of earlier) read(text);
      expect(read("GET / HTTP/1.1\r\nHost: b.test\r\n\r\n")).toBe("GET b.test 0 false false ");
      expect(head.acceptsTrailers).toBe(false);
      expect(head.fields.count).toBe(1);
    }),
  );
});
