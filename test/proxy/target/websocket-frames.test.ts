/** WebSocket frame borders: found in any split, for every length form, with and without masks. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { CLOSE_FRAME, FrameBoundary } from "../../../proxy/target/websocket-frames.ts";
import { cut, splits } from "../../support/request-generator.ts";

function frame(length: number, masked: boolean, opcode: number): Buffer {
  const mask = masked ? 0x80 : 0;
  let header: Buffer;
  if (length < 126) header = Buffer.from([opcode, mask | length]);
  else if (length < 65_536) header = Buffer.from([opcode, mask | 126, length >> 8, length & 0xff]);
  else {
    header = Buffer.alloc(10);
    header[0] = opcode;
    header[1] = mask | 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([header, Buffer.alloc((masked ? 4 : 0) + length, 0x7f)]);
}

const lengths = fc.oneof(fc.nat({ max: 130 }), fc.constantFrom(0, 125, 126, 127, 65_535, 65_536, 70_000));
const frames = fc.array(fc.tuple(lengths, fc.boolean(), fc.constantFrom(0x81, 0x82, 0x01, 0x80, 0x89, 0x88)), {
  minLength: 1,
  maxLength: 6,
});

test("the borders are where frames end, in any split", () => {
  const cases = frames.chain((list) => {
    const wire = list.map(([length, masked, opcode]) => frame(length, masked, opcode));
    return fc.tuple(fc.constant(wire), splits(Buffer.concat(wire).length, 20));
  });
  fc.assert(
    fc.property(cases, ([wire, positions]) => {
      const borders = new Set([0]);
      let end = 0;
      for (const bytes of wire) borders.add((end += bytes.length));
      const follower = new FrameBoundary();
      expect(follower.atBoundary).toBe(true);
      let position = 0;
      for (const piece of cut(Buffer.concat(wire), positions)) {
        // Within a larger buffer, as it comes off a shared read buffer.
        const bytes = Buffer.concat([Buffer.from("junk"), piece, Buffer.from("junk")]);
        follower.push(bytes, 4, 4 + piece.length);
        position += piece.length;
        expect(follower.atBoundary).toBe(borders.has(position));
      }
    }),
    { numRuns: 200 },
  );
});

test("the close frame is a whole, unmasked frame with status 1012", () => {
  const follower = new FrameBoundary();
  follower.push(CLOSE_FRAME, 0, CLOSE_FRAME.length);
  expect(follower.atBoundary).toBe(true);
  expect([CLOSE_FRAME[0], CLOSE_FRAME[1], CLOSE_FRAME.readUInt16BE(2)]).toEqual([0x88, 2, 1012]);
});
