/** Content-Length values: exact decimal numbers and nothing else. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BAD_LENGTH, parseContentLength } from "../../../proxy/http1/message-length.ts";

function parse(text: string): number {
  const bytes = Buffer.from(`<${text}>`, "latin1");
  return parseContentLength(bytes, 1, bytes.length - 1);
}

test("every length that a number can hold is read back", () => {
  const lengths = fc.nat({ max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(lengths, (length) => {
      expect(parse(String(length))).toBe(length);
    }),
  );
  expect(parse(String(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
  expect(parse("007")).toBe(7);
});

test("anything else is refused", () => {
  const digits = /^\d{1,16}$/;
  const text = fc.string({
    unit: fc.constantFrom("0", "9", "5", "+", "-", ",", " ", "\t", ".", "e", "x", "a", "_"),
    maxLength: 20,
  });
  fc.assert(
    fc.property(text, (value) => {
      const number = digits.test(value) && Number.isSafeInteger(Number(value)) ? Number(value) : BAD_LENGTH;
      expect(parse(value)).toBe(number);
    }),
    { numRuns: 1_000 },
  );
  for (const value of ["", "9007199254740992", "18446744073709551621", "5, 5", "+5", "0x5", "5 ", "١"]) {
    expect(parse(value), value).toBe(BAD_LENGTH);
  }
});
