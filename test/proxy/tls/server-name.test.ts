import * as fc from "fast-check";
import { expect, test } from "vitest";
import { foldServerName, wildcardOf } from "../../../proxy/tls/server-name.ts";

test.each([
  ["a.test", "a.test"],
  ["A.TEST", "a.test"],
  ["a.test.", "a.test"],
  ["xn--bcher-kva.test", "xn--bcher-kva.test"],
  ["my_app.test", "my_app.test"],
  ["localhost", "localhost"],
  ["1.2.3.4.test", "1.2.3.4.test"],
  [`${"a".repeat(63)}.test`, `${"a".repeat(63)}.test`],
])("%j is %j [TL-03]", (text, name) => {
  expect(foldServerName(text)).toBe(name);
});

test.each(
  [
    "",
    ".",
    "..",
    "a..test",
    ".test",
    "a.test..",
    "1.2.3.4",
    "1.2.3.4.",
    "::1",
    "[::1]",
    "a.test:443",
    "a.test\0",
    "a b",
    "*.test",
    "b\xfc.test",
  ].concat("a".repeat(64), `${"a.".repeat(150)}test`),
)("%j is no name [TL-03]", (text) => {
  expect(foldServerName(text)).toBeNull();
});

test("folding once is enough, whatever comes", () => {
  const texts = fc.sample(
    fc.string({ unit: fc.constantFrom("a", "B", "1", ".", "-", "_", ":", "\0"), maxLength: 12 }),
    3_000,
  );
  const names = texts.map(foldServerName).filter((name) => name !== null);
  expect(names.length).toBeGreaterThan(100);
  expect(names.map(foldServerName)).toEqual(names);
});

test("a wild label stands for the first one", () => {
  expect([wildcardOf("a.b.test"), wildcardOf("b.test"), wildcardOf("test")]).toEqual(["*.b.test", "*.test", "*.test"]);
});
