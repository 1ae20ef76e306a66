import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quote, quoteLive } from "../../../cli/remote/shell.ts";
import { STRINGS, shellText, throughShell } from "../../support/shell-words.ts";

/** Samples in a bounded number of shells; a seed is printed with a failure. */
function samples(): string[] {
  return fc.sample(shellText, STRINGS);
}

describe("quote", () => {
  test.each([
    ["", "''"],
    ["plain", "'plain'"],
    ["it's", "'it'\\''s'"],
    ["$(id) `id` ${x}", "'$(id) `id` ${x}'"],
    ["-n", "'-n'"],
  ])("%j is written %s", (text, quoted) => expect(quote(text)).toBe(quoted));

  test("a shell hands on exactly the text, for strings of all kinds [CLI-09] [CLI-11]", { timeout: 300_000 }, () => {
    const texts = samples();
    expect(throughShell(texts.map(quote))).toEqual(texts);
  });

  test("a second shell does too, for a line in a line", () => {
    const texts = samples().slice(0, 400);
    const nested = texts.map((text) => `"$(sh -c ${quote(`printf %s ${quote(text)}; printf x`)})"`);
    expect(throughShell(nested)).toEqual(texts.map((text) => `${text}x`));
  });

  test("NUL is refused instead of being cut [CLI-10]", () => {
    expect(() => quote("a\0b")).toThrow("NUL");
    expect(() => quoteLive("a\0b")).toThrow("NUL");
  });
});

describe("quoteLive", () => {
  test.each([
    ["value", '"value"'],
    ["", '""'],
    ['a "b" \\ `c`', '"a \\"b\\" \\\\ \\`c\\`"'],
    ["pa$1wor$D", '"pa\\$1wor\\$D"'],
    ["${HOME}/x", '"${HOME}/x"'],
    ["${A:-b} ${#A} ${A%/*}", '"${A:-b} ${#A} ${A%/*}"'],
    ["$(id) $HOME ${ ${} ${x", '"\\$(id) \\$HOME \\${ \\${} \\${x"'],
    ["#{x} a\nb\tc é", '"#{x} a\nb\tc é"'],
  ])("%j is written %s", (text, quoted) => expect(quoteLive(text)).toBe(quoted));

  test("without a live variable a shell hands on exactly the text [CLI-09] [CLI-11]", { timeout: 300_000 }, () => {
    const texts = samples().map((text) => text.replaceAll("${", "$ {"));
    expect(throughShell(texts.map(quoteLive))).toEqual(texts);
  });

  test("around a live variable, too, and it is the shell that fills it in", () => {
    const texts = samples()
      .slice(0, 500)
      .map((text) => text.replaceAll("${", "$ {"));
    const seen = throughShell(
      texts.map((text) => quoteLive(`${text}\${FOX}${text}`)),
      { FOX: "fox $(id) \\" },
    );
    expect(seen).toEqual(texts.map((text) => `${text}fox $(id) \\${text}`));
  });

  test("a live variable runs no command by its default", () => {
    const [seen] = throughShell([quoteLive("${NONE:-$(echo ran)`echo ran`}")]);
    expect(seen).toBe("$(echo ran)`echo ran`");
  });
});
