import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseBoolean, parseInteger, parseList } from "../../../proxy/options/value-syntax.ts";

test.each([
  ["10", 10],
  ["+10", 10],
  ["-3", -3],
  ["0", 0],
  ["0x10", 16],
  ["0XfF", 255],
  ["0o17", 15],
  ["017", 15],
  ["0b101", 5],
  ["1_000", 1_000],
  ["0x_10", 16],
  ["0_7", 7],
])("%s is %d", (text, value) => {
  expect(parseInteger(text)).toBe(value);
});

test.each(["", "x", "1.5", "1e3", "08", "0x", "0b2", "_1", "1_", "1__0", " 1", "1k", "٣", "--1"])(
  "%j is no int",
  (text) => {
    expect(() => parseInteger(text)).toThrow(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  },
);

test("numbers beyond 64 bits are out of range", () => {
  expect(() => parseInteger("9223372036854775808")).toThrow(
    'strconv.ParseInt: parsing "9223372036854775808": value out of range',
  );
  expect(parseInteger("-9223372036854775808")).toBe(-(2 ** 63));
});

test("the twelve booleans, and no others", () => {
  for (const text of ["1", "t", "T", "TRUE", "true", "True"]) expect(parseBoolean(text)).toBe(true);
  for (const text of ["0", "f", "F", "FALSE", "false", "False"]) expect(parseBoolean(text)).toBe(false);
  for (const text of ["yes", "", "tRUE", "on"]) {
    expect(() => parseBoolean(text)).toThrow(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
});

test.each([
  ["", []],
  ["a", ["a"]],
  ["a,b", ["a", "b"]],
  ["a, b", ["a", " b"]],
  ["a,", ["a", ""]],
  [",", ["", ""]],
  ['"a,b",c', ["a,b", "c"]],
  ['"a ""b""",c', ['a "b"', "c"]],
  ['""', [""]],
  ["a\nb", ["a"]],
])("%j is the list %j", (text, list) => {
  expect(parseList(text)).toEqual(list);
});

test.each([
  ['a"b', 'parse error on line 1, column 2: bare " in non-quoted field'],
  ['é,a"b', 'parse error on line 1, column 5: bare " in non-quoted field'],
  ['"abc', 'parse error on line 1, column 5: extraneous or missing " in quoted-field'],
  ['"a"b', 'parse error on line 1, column 3: extraneous or missing " in quoted-field'],
])("%j is badly quoted", (text, message) => {
  expect(() => parseList(text)).toThrow(message);
});

test("any list of texts survives being quoted and read", () => {
  const quoteAll = (list: string[]) => list.map((text) => `"${text.replaceAll('"', '""')}"`).join(",");
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 1 }), (list) => {
      expect(parseList(quoteAll(list))).toEqual(list);
    }),
  );
});
