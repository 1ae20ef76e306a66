/** What is no valid HTTP/2 request never reaches a target: reset or refused, and the connection's other streams go on. */
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { ask, startHttp2Bed } from "../support/http2-bed.ts";
import {
  Code,
  END_HEADERS,
  END_STREAM,
  Frame,
  frame,
  headerBlock,
  headers,
  type Pair,
} from "../support/http2-frames.ts";

/** Sends each request on one connection, and a good one at last; returns what became of each. */
async function outcomes(requests: readonly (readonly Pair[])[]) {
  const bed = await startHttp2Bed();
  const raw = await bed.frames();
  const ends: (number | string)[] = [];
  for (const [index, pairs] of requests.entries()) {
    const id = 1 + 2 * index;
    raw.send(headers(id, pairs));
    await eventually(`an end of ${JSON.stringify(pairs)}`, () => raw.ended(id));
    const reset = raw.reset(id);
    ends.push(raw.status(id) ?? (reset === Code.Protocol ? "protocol" : `reset ${reset}`));
  }
  const received = bed.app.connections.map((connection) => connection.received).join("");
  const last = 1 + 2 * requests.length;
  raw.send(headers(last));
  await eventually("the good one is answered", () => raw.ended(last));
  expect(raw.status(last)).toBe(200);
  return { ends, received, app: bed.app };
}

test("upper-case names and fields of a connection [H2-11]", async () => {
  const { ends, received } = await outcomes([
    [["X-Upper", "1"]],
    [["transfer-encoding", "chunked"]],
    [["connection", "close"]],
    [["keep-alive", "timeout=5"]],
    [["proxy-connection", "close"]],
    [["upgrade", "h2c"]],
    [["te", "gzip"]],
  ]);
  expect(ends).toEqual(Array.from({ length: 7 }, () => "protocol"));
  expect(received).toBe("");
});

test("CR, LF, NUL and colons in names and values [H2-12]", async () => {
  const { ends, app } = await outcomes([
    [["x-a", "1\r\nX-Evil: 1"]],
    [["x-a", "1\nX-Evil: 1"]],
    [["x-a", "1\r\n\r\nGET /evil HTTP/1.1\r\nHost: a.test\r\n\r\n"]],
    [["x-a", "1\0X-Evil: 1"]],
    [["x-a\r\nx-evil", "1"]],
    [["x-evil: 1\r\nx-a", "1"]],
    [["x-evil:", "1"]],
    [["cookie", "a\r\nX-Evil: 1"]],
    [[":path", "/ HTTP/1.1\r\nX-Evil: 1\r\nX-A: "]],
    [[":authority", "a.test\r\nX-Evil: 1"]],
    [[":method", "GET / HTTP/1.1\r\nX-Evil: 1\r\nX-A: "]],
  ]);
  for (const end of ends) expect([200, 400, "protocol"]).toContain(end);
  // A target may have been asked where node dropped the bad field; of the field nothing is left.
  expect(app.connections.map(({ received }) => received).join("")).not.toMatch(/evil/i);
});

test("blanks and delimiters in path, method and authority [H2-13]", async () => {
  const { ends, received } = await outcomes([
    [[":path", "/a b"]],
    [[":path", "a"]],
    [[":path", "http://b.test/"]],
    [[":path", ""]],
    [[":path", "*"]],
    [[":method", "GET /x"]],
    [[":method", ""]],
    [[":authority", "user@a.test"]],
    [[":authority", "a.test/x"]],
    [[":authority", "a test"]],
    [[":authority", "a.test:x"]],
    [[":authority", ""]],
  ]);
  for (const end of ends) expect([400, "protocol"]).toContain(end);
  expect(received).toBe("");
});

test("a host that differs from the authority; one that does not is no harm [H2-15]", async () => {
  const { ends, app } = await outcomes([[["host", "b.test"]], [["host", "a.test:8443"]], [["host", "A.test"]]]);
  expect(ends).toEqual([400, 400, 200]);
  expect(app.requests.every(({ head }) => head.includes("\r\nHost: a.test\r\n"))).toBe(true);
});

test("pseudo-fields that are missing, doubled, late or unknown [H2-16]", async () => {
  const blocks: Pair[][] = [
    [
      [":method", "GET"],
      [":scheme", "https"],
      [":authority", "a.test"],
    ],
    [
      [":scheme", "https"],
      [":path", "/"],
      [":authority", "a.test"],
    ],
    [
      [":method", "GET"],
      [":path", "/"],
      [":authority", "a.test"],
    ],
    [
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/"],
    ],
    [
      [":method", "GET"],
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/"],
      [":authority", "a.test"],
    ],
    [
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/"],
      [":path", "/b"],
      [":authority", "a.test"],
    ],
    [
      [":method", "GET"],
      [":scheme", "https"],
      ["x-a", "1"],
      [":path", "/"],
      [":authority", "a.test"],
    ],
    [
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/"],
      [":authority", "a.test"],
      [":status", "200"],
    ],
    [
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/"],
      [":authority", "a.test"],
      [":what", "1"],
    ],
  ];
  const { app, frames } = await startHttp2Bed();
  const raw = await frames();
  for (const [index, block] of blocks.entries()) {
    const id = 1 + 2 * index;
    raw.send(frame(Frame.Headers, END_STREAM | END_HEADERS, id, headerBlock(block)));
    await eventually(`an end of ${JSON.stringify(block)}`, () => raw.ended(id));
    expect(raw.status(id) ?? raw.reset(id)).toBe(Code.Protocol);
  }
  expect(app.requests).toEqual([]);
});

test("CONNECT and extended CONNECT are not offered, nor is an upgrade [H2-19]", async () => {
  const { app, frames, session } = await startHttp2Bed();
  const raw = await frames();
  const connect: Pair[] = [
    [":method", "CONNECT"],
    [":authority", "a.test:443"],
  ];
  raw.send(frame(Frame.Headers, END_HEADERS, 1, headerBlock(connect)));
  await eventually("CONNECT ends", () => raw.ended(1));
  expect(raw.status(1)).toBe(501);
  const extended: Pair[] = [
    [":method", "CONNECT"],
    [":protocol", "websocket"],
    [":scheme", "https"],
    [":path", "/"],
    [":authority", "a.test"],
  ];
  raw.send(frame(Frame.Headers, END_HEADERS, 3, headerBlock(extended)));
  await eventually("extended CONNECT ends", () => raw.ended(3));
  expect(raw.status(3) ?? raw.reset(3)).toSatisfy((end) => end === 501 || end === Code.Protocol);
  expect(app.requests).toEqual([]);
  // A target that switches unasked has not answered.
  app.answer = () => "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  expect((await ask(await session())).status).toBe(502);
});

test("more or larger fields than allowed: 431 or a reset, nobody is asked, other streams go on [H2-10]", async () => {
  const { app, frames, session } = await startHttp2Bed();
  const raw = await frames();
  const tooMany = [
    Array.from({ length: 250 }, (_, index) => [`x-${index}`, ""] as const),
    Array.from({ length: 3_000 }, () => ["x", ""] as const),
    Array.from({ length: 450 }, () => ["cookie", "a"] as const),
    [["x", "y".repeat(70_000)] as const],
  ];
  for (const [index, pairs] of tooMany.entries()) {
    const id = 1 + 2 * index;
    const block = headerBlock([
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/"],
      [":authority", "a.test"],
      ...pairs,
    ]);
    for (let from = 0; from < block.length; from += 16_000) {
      const last = from + 16_000 >= block.length;
      const flags = (from === 0 ? END_STREAM : 0) | (last ? END_HEADERS : 0);
      raw.send(frame(from === 0 ? Frame.Headers : Frame.Continuation, flags, id, block.subarray(from, from + 16_000)));
    }
    await eventually(`an end of ${index}`, () => raw.ended(id) || raw.closed);
    expect([431, Code.EnhanceYourCalm, "closed"]).toContain(raw.status(id) ?? raw.reset(id) ?? "closed");
  }
  expect(app.requests).toEqual([]);
  expect((await ask(await session())).status).toBe(200);
});
