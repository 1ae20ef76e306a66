/** The chunked coding: whatever is encoded, and however it arrives, the same data and trailers come out. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkedDecoder } from "../../../proxy/http1/chunked-decoder.ts";
import { cut, splits } from "../../support/request-generator.ts";

type Outcome = { data: string; trailers: string; state: "done" | "failed" | "open"; consumed: number };

function decode(pieces: readonly Buffer[], maxTrailerBytes = 16_384): Outcome {
  const decoder = new ChunkedDecoder(maxTrailerBytes);
  let data = "";
  let consumed = 0;
  for (const piece of pieces) {
    const into = Buffer.alloc(piece.length + 8, "#");
    const written = decoder.decode(piece, 0, piece.length, into, 4);
    data += into.toString("latin1", 4, 4 + written);
    consumed += decoder.consumed;
    if (decoder.done || decoder.failed) break;
  }
  const state = decoder.done ? "done" : decoder.failed ? "failed" : "open";
  return { data, trailers: decoder.trailers, state, consumed };
}

const chunk = fc.record({
  data: fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  extension: fc.constantFrom("", ";a", ";a=b", ' ; a="q;\t\\ x"', "\t;x=1;y=2", ";"),
  zeros: fc.nat({ max: 5 }),
  upper: fc.boolean(),
});
const trailer = fc.constantFrom("X-A: 1", "x-b:", "X-Sum:  abc \t", "Grpc-Status: 0");

const message = fc
  .tuple(fc.array(chunk, { maxLength: 8 }), fc.array(trailer, { maxLength: 4 }))
  .map(([chunks, trailers]) => {
    const wire = chunks.map(({ data, extension, zeros, upper }) => {
      const size = "0".repeat(zeros) + data.length.toString(16);
      return `${upper ? size.toUpperCase() : size}${extension}\r\n${data}\r\n`;
    });
    const lines = trailers.map((line) => `${line}\r\n`).join("");
    return {
      wire: `${wire.join("")}0\r\n${lines}\r\n`,
      data: chunks.map(({ data }) => data).join(""),
      trailers: lines,
    };
  });

const withSplits = message.chain((whole) => fc.tuple(fc.constant(whole), splits(whole.wire.length + 5)));

test("what was encoded comes out again, in any pieces, and what follows is left alone", () => {
  fc.assert(
    fc.property(withSplits, ([{ wire, data, trailers }, positions]) => {
      const outcome = decode(cut(Buffer.from(`${wire}AFTER`, "latin1"), positions));
      expect(outcome).toEqual({ data, trailers, state: "done", consumed: wire.length });
    }),
    { numRuns: 1_000 },
  );
});

test("nothing is done before its last byte", () => {
  fc.assert(
    fc.property(message, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), ({ wire }, share) => {
      const part = Buffer.from(wire.slice(0, Math.floor(wire.length * share)), "latin1");
      expect(decode([part]).state).toBe("open");
    }),
  );
});

test("a broken message breaks in the same way in any pieces", () => {
  const broken = fc
    .tuple(
      message,
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.constantFrom("", "\r", "\n", "\0", " ", "g", "-", ";", "\r\n"),
    )
    .map(([{ wire }, share, insert]) => {
      const at = Math.floor(wire.length * share);
      return wire.slice(0, at) + insert + wire.slice(at + 1);
    })
    .chain((wire) => fc.tuple(fc.constant(wire), splits(wire.length)));
  fc.assert(
    fc.property(broken, ([wire, positions]) => {
      const bytes = Buffer.from(wire, "latin1");
      expect(decode(cut(bytes, positions))).toEqual(decode([bytes]));
    }),
    { numRuns: 1_000 },
  );
});

test.each([
  ["an empty size", "\r\nhello"],
  ["a sign", "+5\r\nhello\r\n0\r\n\r\n"],
  ["a minus", "-1\r\n"],
  ["a prefix", "0x5\r\nhello\r\n"],
  ["a blank before the size", " 5\r\nhello\r\n"],
  ["a blank after the size", "5 \r\nhello\r\n"],
  ["a digit that is none", "5g\r\nhello\r\n"],
  ["LF alone", "5\nhello\n0\n\n"],
  ["CR alone", "5\rhello"],
  ["too little data", "6\r\nhello\r\n0\r\n\r\n"],
  ["too much data", "4\r\nhello\r\n0\r\n\r\n"],
  ["a size of 2^53", "20000000000000\r\n"],
  ["a size of 2^64 and something", "10000000000000005\r\nhello\r\n"],
  ["a CR in an extension", "5;a\rb\r\nhello\r\n"],
  ["an LF in an extension", "5;a\nb\r\nhello\r\n"],
  ["a line end in a quoted extension", '5;a="b\r\nc"\r\nhello\r\n'],
  ["a control character in an extension", "5;a\x01\r\nhello\r\n"],
  ["a trailer without a colon", "0\r\nnothing\r\n\r\n"],
  ["a blank before a trailer's colon", "0\r\nX : 1\r\n\r\n"],
  ["a folded trailer", "0\r\nX: 1\r\n 2\r\n\r\n"],
  ["NUL in a trailer", "0\r\nX: \0\r\n\r\n"],
  ["LF at the end of a trailer", "0\r\nX: 1\n\r\n"],
  ["LF as the end", "0\r\n\n"],
  ["CR and something else as the end", "0\r\n\rX: 1\r\n\r\n"],
])("%s is refused", (_, wire) => {
  expect(decode([Buffer.from(wire, "latin1")]).state).toBe("failed");
});

test("the largest sizes that a number can hold are sizes", () => {
  expect(decode([Buffer.from("fffffffffffff\r\nabc")])).toMatchObject({ data: "abc", state: "open" });
});

test("more extension than data is an attack", () => {
  const attack = Buffer.from("1;aaaaaaaaaaaaaaaa\r\nx\r\n".repeat(3_000));
  expect(decode([attack]).state).toBe("failed");
  const fair = Buffer.from(`${`400;a=b\r\n${"x".repeat(0x400)}\r\n`.repeat(3_000)}0\r\n\r\n`);
  expect(decode([fair]).state).toBe("done");
});

test("a hundred trailer fields pass, more do not; nor do more bytes than allowed", () => {
  const fields = (count: number): Buffer => Buffer.from(`0\r\n${"X: 1\r\n".repeat(count)}\r\n`);
  expect(decode([fields(100)]).state).toBe("done");
  expect(decode([fields(101)]).state).toBe("failed");
  expect(decode([Buffer.from(`0\r\nX: ${"a".repeat(100)}\r\n\r\n`)], 100).state).toBe("failed");
});
