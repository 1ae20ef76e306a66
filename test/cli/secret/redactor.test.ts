import { inspect } from "node:util";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Redactor } from "../../../cli/secret/redactor.ts";
import { REDACTED, Secret } from "../../../cli/secret/secret.ts";

function redactorOf(...values: readonly string[]): Redactor {
  const redactor = new Redactor();
  for (const value of values) redactor.add(new Secret(value));
  return redactor;
}

describe("a secret hides itself [CLI-14]", () => {
  const secret = new Secret("hunter2-hunter2");

  test.each([
    ["String", String(secret)],
    ["concatenation", ["", secret].join("")],
    ["JSON", JSON.stringify({ secret })],
    ["inspect", inspect({ secret }, { depth: 5, showHidden: true })],
    ["an error's message", new Error(String(secret)).message],
    ["its keys", JSON.stringify(Object.entries(secret))],
  ])("from %s", (_how, text) => {
    expect(text).not.toContain("hunter2");
  });

  test("but not from reveal", () => {
    expect(secret.reveal()).toBe("hunter2-hunter2");
  });
});

describe("known secrets are masked in any text [CLI-14]", () => {
  const VALUE = `p@ss w/ör"d'$x\\+`;

  test.each([
    ["as it is", VALUE],
    ["base64", Buffer.from(VALUE).toString("base64")],
    ["base64 of user and password", Buffer.from(`user:${VALUE}`).toString("base64")],
    ["base64 of something longer, one byte on", Buffer.from(`x${VALUE},`).toString("base64")],
    ["base64 of something longer, two bytes on", Buffer.from(`xy${VALUE},`).toString("base64")],
    ["base64url", Buffer.from(`{"p":"${VALUE}"}`).toString("base64url")],
    ["in a URL", encodeURIComponent(VALUE)],
    ["in a query", encodeURIComponent(VALUE).replaceAll("%20", "+")],
    ["in a URL, lower-case", encodeURIComponent(VALUE).replaceAll(/%../g, (code) => code.toLowerCase())],
    ["as JSON", JSON.stringify({ p: VALUE })],
    ["as Node shows it", inspect({ p: VALUE })],
    ["in single quotes for a shell", `'${VALUE.replaceAll("'", "'\\''")}'`],
    ["in double quotes for a shell", `"${VALUE.replaceAll(/["\\$`]/g, "\\$&")}"`],
  ])("%s", (_form, form) => {
    const text = redactorOf(VALUE).redact(`before ${form} after`);
    expect(text).toContain(REDACTED);
    expect(text).toMatch(/^before .* after$/);
    // The characters at the ends may belong to the neighbours; a dozen in a row may not.
    for (let at = 0; at + 12 <= form.length; at++) expect(text).not.toContain(form.slice(at, at + 12));
  });

  test.each<readonly [string, string, string]>([
    ["Node, in single quotes", inspect([`a'b"c\`d\\e\tf`]), `a'b"c\`d\\e\tf`],
    ["Node, in double quotes", inspect(["a'b\\c\nd"]), "a'b\\c\nd"],
    ["Python", `'a\\'b"c\\\\d'`, `a'b"c\\d`],
    ["Ruby", `"a\\\\b\\#{c} \\"d\\""`, `a\\b#{c} "d"`],
  ])("as %s shows a text", (_who, shown, value) => {
    expect(redactorOf(value).redact(`x ${shown} y`)).toMatch(/^x \[? ?["'`]\[REDACTED\]["'`] ?\]? y$/);
  });

  test("every line of one with lines", () => {
    const key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\n9w0BAQEFAASCBKcw\n-----END KEY-----\n";
    expect(redactorOf(key).redact("a: 9w0BAQEFAASCBKcw")).toBe(`a: ${REDACTED}`);
    expect(redactorOf(key).redact(key)).not.toContain("MIIE");
  });

  test("one within another, and two that overlap", () => {
    expect(redactorOf("secret", "secret-and-more").redact("x secret-and-more y")).toBe(`x ${REDACTED} y`);
    expect(redactorOf("abcdef", "defghi").redact("1abcdefghi2")).toBe(`1${REDACTED}2`);
  });

  test("not those under four characters", () => {
    expect(redactorOf("abc").redact("abc")).toBe("abc");
    expect(redactorOf("abcd").redact("abcd")).toBe(REDACTED);
  });

  test("a text without any is left alone", () => {
    expect(redactorOf("abcdefgh").redact("nothing here")).toBe("nothing here");
    expect(new Redactor().redact("nothing here")).toBe("nothing here");
  });

  test("any secret, anywhere in any text", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4, unit: "grapheme" }), fc.string(), fc.string(), (value, before, after) => {
        const text = redactorOf(value).redact(`${before}${value}${after}`);
        expect(text.replaceAll(REDACTED, "")).not.toContain(value);
      }),
    );
  });
});
