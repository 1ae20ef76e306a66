/** What the sentences in `expect.assert` of the HTTP/1 vectors mean, byte for byte: run in, failed expectation out. */
// These run inside tests, which is more than the linter can see.
/* oxlint-disable vitest/no-standalone-expect, vitest/no-conditional-expect */
import { expect } from "vitest";
import { valueOf, valuesOf } from "./http-messages.ts";
import type { Forwarded, VectorRun } from "./vector-run.ts";

export type Check = (run: VectorRun) => void;

export const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  // Request line and path
  ['if forwarded: method bytes == "get"', (run) => eachForwarded(run, ({ method }) => expect(method).toBe("get"))],
  [
    "if forwarded: X-Forwarded-Proto == http",
    (run) => eachForwarded(run, (request) => expect(valuesOf(request, "x-forwarded-proto")).toEqual(["http"])),
  ],
  [
    'upstream target == "//evil.test/p"',
    (run) => eachForwarded(run, ({ target }) => expect(target).toBe("//evil.test/p")),
  ],
  ["Host unchanged", (run) => eachForwarded(run, (request) => expect(valuesOf(request, "host")).toEqual(["a.test"]))],
  ["no X-Inj header upstream", (run) => eachForwarded(run, noField("x-inj"))],
  [
    "not(route==/api && upstream path resolves outside prefix)",
    (run) =>
      eachForwarded(run, ({ route, target }) => {
        if (route === "api") expect(deepestClimb(target)).toBeGreaterThanOrEqual(0);
        else expect(target).toBe(sentTarget(run));
      }),
  ],
  [
    "%2f not decoded upstream",
    (run) =>
      eachForwarded(run, ({ route, target }) => {
        expect(route).toBe("root");
        expect(target).toBe(sentTarget(run));
      }),
  ],
  [
    "merge consistently or not at all",
    (run) => eachForwarded(run, ({ route, target }) => expect([route, target]).toEqual(["root", sentTarget(run)])),
  ],
  [
    "does not match prefix /api",
    (run) => eachForwarded(run, ({ route, target }) => expect([route, target]).toEqual(["root", sentTarget(run)])),
  ],
  ["if forwarded: bytes identical", (run) => eachForwarded(run, ({ target }) => expect(target).toBe(sentTarget(run)))],
  [
    "query bytes identical",
    (run) => eachForwarded(run, ({ target }) => expect(queryOf(target)).toBe(queryOf(sentTarget(run)))),
  ],

  // Fields
  [
    "if forwarded: bytes E9/FF unchanged (latin1), not UTF-8 re-encoded",
    (run) => eachForwarded(run, (request) => expect(valuesOf(request, "x-a")).toEqual(["caf\xe9 \xff"])),
  ],
  [
    "if forwarded: bytes E2 82 AC unchanged",
    (run) => eachForwarded(run, (request) => expect(valuesOf(request, "x-a")).toEqual(["\xe2\x82\xac"])),
  ],
  [
    "X_Forwarded_* not forwarded",
    (run) =>
      eachForwarded(run, (request) => {
        expect(request.head).not.toMatch(/^x[_-](forwarded|real)[^:]*:[^\r]*6\.6\.6\.6/im);
        expect(request.head).not.toMatch(/^x_/im);
      }),
  ],
  [
    'both cookies reach upstream; if joined use "; "',
    (run) => eachForwarded(run, (request) => expect(valuesOf(request, "cookie").join("; ")).toBe("a=1; b=2")),
  ],
  [
    "90 X-D values preserved in order",
    (run) =>
      eachForwarded(run, (request) => {
        expect(valuesOf(request, "x-d")).toEqual(Array.from({ length: 90 }, () => "v"));
        expect(valuesOf(request, "set-cookie2")).toEqual(["x"]);
      }),
  ],
  ["same service as a.test", (run) => eachForwarded(run, ({ route }) => expect(route).toBe("root"))],
  ["not routed to a.test", (run) => eachForwarded(run, ({ route }) => expect(["root", "api"]).not.toContain(route))],
  [
    "untrusted client: X-Forwarded-* / Forwarded / X-Real-IP overwritten or removed",
    (run) =>
      eachForwarded(run, (request) => {
        expect(valuesOf(request, "x-forwarded-for")).toEqual(["127.0.0.1"]);
        expect(valuesOf(request, "x-forwarded-host")).toEqual(["a.test"]);
        expect(valuesOf(request, "x-forwarded-proto")).toEqual(["http"]);
        expect(request.head).not.toMatch(/6\.6\.6\.6|evil\.test|https/);
      }),
  ],

  // Framing
  [
    "if forwarded: body AND framing forwarded together",
    (run) =>
      eachForwarded(run, (request) => {
        expect(request.framing).not.toBe("none");
        expectWhole(request, "hello");
      }),
  ],
  ["upstream framing intact", (run) => eachForwarded(run, (request) => expectWhole(request, "hello"))],
  [
    "upstream never sees a complete request",
    (run) => expect(run.forwarded.filter(({ complete }) => complete)).toEqual([]),
  ],
  ["if forwarded: CL removed and connection closed after response", expectLengthRemoved],
  ["as TE-01", expectLengthRemoved],
  [
    "upstream framing valid",
    (run) =>
      eachForwarded(run, (request) => {
        expect(request.framing).toBe("chunked");
        expectWhole(request, "hello");
      }),
  ],
  ["Transfer_Encoding not forwarded", (run) => eachForwarded(run, noField("transfer_encoding"))],
  [
    "trailer dropped or forwarded as trailer, never merged into headers",
    (run) =>
      eachForwarded(run, (request) => {
        expect(valuesOf(request, "x-trailer")).toEqual([]);
        expect([[], [["X-Trailer", "1"]]]).toContainEqual(request.trailers);
        expectWhole(request, "hello");
      }),
  ],
  [
    "upstream sees aborted, not complete, request",
    (run) => {
      for (const { complete, aborted } of run.forwarded)
        expect({ complete, aborted }).toEqual({ complete: false, aborted: true });
    },
  ],
  [
    "5000 body bytes; upstream may be re-chunked",
    (run) => eachForwarded(run, (request) => expectWhole(request, "x".repeat(5000))),
  ],
  [
    "no negative/overflow length",
    (run) => {
      for (const request of run.forwarded) {
        expect(request.complete).toBe(false);
        expect(valueOf(request, "content-length")).toBeUndefined();
        expect(request.wire.slice(request.head.length)).not.toMatch(/^-|^[0-9a-f]{8,}/im);
      }
    },
  ],
  [
    "upstream body framed; /smuggled never a request",
    (run) => {
      const smuggled = "GET /smuggled HTTP/1.1\r\nHost: b.test\r\n\r\n";
      eachForwarded(run, (request) => {
        expect(request.target).toBe("/");
        expectWhole(request, smuggled.padEnd(0x28, "\n").slice(0, 0x28));
      });
    },
  ],

  // Hop-by-hop
  [
    "upstream X-Forwarded-For present and == real client ip",
    (run) => eachForwarded(run, (request) => expect(valuesOf(request, "x-forwarded-for")).toEqual(["127.0.0.1"])),
  ],
  [
    "upstream Host present",
    (run) => eachForwarded(run, (request) => expect(valuesOf(request, "host")).toEqual(["a.test"])),
  ],
  [
    "none of keep-alive, proxy-connection, te(gzip), upgrade upstream",
    (run) =>
      eachForwarded(run, (request) => {
        for (const name of ["keep-alive", "proxy-connection", "upgrade", "te", "proxy-authorization"])
          noField(name)(request);
      }),
  ],
  ["no Proxy header upstream", (run) => eachForwarded(run, noField("proxy"))],
  ["no X-A upstream", (run) => eachForwarded(run, noField("x-a"))],

  // Upgrades: the targets of the vectors never answer 101
  ["tunnel only if upstream answered 101", expectNoTunnel],
  ["no tunnel", expectNoTunnel],
  ["no blind tunnel: following bytes are parsed as HTTP", expectNoTunnel],
  ["no tunnel without 101", expectNoTunnel],
  [
    "body framed by CL, not tunnelled",
    (run) => {
      expectNoTunnel(run);
      eachForwarded(run, (request) => {
        expect(request.framing).toBe("length");
        expectWhole(request, "hello");
      });
    },
  ],
  [
    "h2c never forwarded",
    (run) => {
      expectNoTunnel(run);
      eachForwarded(run, (request) => expect(request.head.toLowerCase()).not.toContain("h2c"));
    },
  ],
  [
    "bytes after handshake not sent upstream until 101; else parsed as new request",
    (run) => {
      expect(run.tunnelled).toBe(false);
      for (const { route, target, body } of run.forwarded) {
        expect(body).toBe("");
        expect(["root /", "other /admin"]).toContain(`${route} ${target}`);
      }
      // The handshake was answered without a 101, so what follows it is a request, to b.test.
      expect(run.forwarded.map(({ route }) => route)).toEqual(["root", "other"]);
    },
  ],

  // Responses
  [
    "no body for HEAD",
    (run) => {
      const [head, second] = run.responses;
      expect(head?.wire).toBe(head?.head);
      expect(Number(valueOf(head ?? { fields: [] }, "content-length"))).toBeGreaterThan(0);
      expect(second?.status).toBe(200);
      expect(run.received.slice(head?.head.length)).toBe(second?.wire);
    },
  ],
]);

/** Every forwarded request passes `check`; a 200 without any would come from nowhere. */
function eachForwarded(run: VectorRun, check: (request: Forwarded) => void): void {
  if (run.outcome === 200) expect(run.forwarded.length).toBeGreaterThan(0);
  for (const request of run.forwarded) check(request);
}

function noField(name: string): (request: Forwarded) => void {
  return (request) => expect([name, valuesOf(request, name)]).toEqual([name, []]);
}

function expectWhole(request: Forwarded, body: string): void {
  expect(request.complete).toBe(true);
  expect(request.body).toBe(body);
}

function expectLengthRemoved(run: VectorRun): void {
  expect(run.closed).toBe(true);
  eachForwarded(run, (request) => {
    expect(valuesOf(request, "content-length")).toEqual([]);
    expect(request.framing).toBe("chunked");
    expectWhole(request, "hello");
  });
}

/** No 101 reached the client, no stray bytes the target, and the connection still speaks HTTP, or has closed. */
function expectNoTunnel(run: VectorRun): void {
  expect(run.responses.map(({ status }) => status)).not.toContain(101);
  expect(run.tunnelled).toBe(false);
  if (!run.closed)
    expect(run.afterwards.map(({ status, body }) => `${status} ${body}`)).toEqual(["200 root GET /still-in-step 0"]);
}

/** The target as the client sent it. */
function sentTarget(run: VectorRun): string {
  const line = run.sent.slice(0, run.sent.indexOf("\r\n"));
  return line.slice(line.indexOf(" ") + 1, line.lastIndexOf(" "));
}

function queryOf(target: string): string | undefined {
  return target.includes("?") ? target.slice(target.indexOf("?")) : undefined;
}

/** How far above its root a path climbs when a target decodes it as freely as any target might; negative is above. */
function deepestClimb(target: string): number {
  const decoded = target
    .replace(/%2e/gi, ".")
    .replace(/%2f/gi, "/")
    .replace(/%5c|\\/gi, "/");
  let depth = 0;
  let lowest = 0;
  for (const segment of (decoded.split("?", 1)[0] as string).split("/")) {
    const name = segment.split(";", 1)[0];
    if (name === "..") depth--;
    else if (name !== "" && name !== ".") depth++;
    lowest = Math.min(lowest, depth);
  }
  return lowest;
}
