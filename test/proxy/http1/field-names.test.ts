/** Known field names: found in any case, never taken for another, aliases told apart. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Field, fieldIdOfName, isAlias } from "../../../proxy/http1/field-names.ts";
import { FieldSection } from "../../../proxy/http1/field-section.ts";

/** `XForwardedFor` → `x-forwarded-for`, the spelling that the ids' own names imply. */
const SPELLING: Readonly<Record<string, string>> = {
  Http2Settings: "http2-settings",
  SecWebSocketKey: "sec-websocket-key",
};
const known = Object.entries(Field)
  .filter(([name]) => name !== "Other")
  .map(([name, id]) => [SPELLING[name] ?? name.replace(/(?<=.)[A-Z]/g, "-$&").toLowerCase(), id] as const);

/** What a section says of one line with this name. */
function scan(name: string): { id: number; kept: number } | number {
  const bytes = Buffer.from(`${name}: x\r\n\r\n`, "latin1");
  const section = new FieldSection(10);
  section.reset(0);
  const result = section.scan(bytes, bytes.length);
  return result > 0 ? { id: section.ids[0] as number, kept: section.kept[0] as number } : result;
}

const anyCase = (name: string): fc.Arbitrary<string> =>
  fc.array(fc.boolean(), { minLength: name.length, maxLength: name.length }).map((upper) => {
    return Array.from(name, (character, index) => (upper[index] ? character.toUpperCase() : character)).join("");
  });

test.each(known)("%s is found in any case", (name, id) => {
  expect(fieldIdOfName(name)).toBe(id);
  fc.assert(
    fc.property(anyCase(name), (spelt) => {
      expect(scan(spelt)).toEqual({ id, kept: 1 });
    }),
    { numRuns: 30 },
  );
});

test.each(known.filter(([name]) => name.includes("-")))(
  "aliases of %s with _ or . are not it, and do not travel",
  (name, id) => {
    for (const alias of [
      name.replace("-", "_"),
      name.replaceAll("-", "_"),
      name.replaceAll("-", "."),
      name.replace("-", ".").toUpperCase(),
    ]) {
      expect(scan(alias), alias).toEqual({ id: Field.Other, kept: 0 });
      expect(isAlias(Buffer.from(alias), 0, id)).toBe(true);
    }
  },
);

test("names that are nearly known are unknown", () => {
  const names = new Set(known.map(([name]) => name));
  const nearly = fc
    .tuple(fc.constantFrom(...names), fc.nat({ max: 30 }), fc.constantFrom("", "x", "-", "1", "s"))
    .map(([name, at, insert]) => name.slice(0, at) + insert + name.slice(at + 1));
  fc.assert(
    fc.property(nearly, (name) => {
      if (name === "" || names.has(name)) return;
      expect(scan(name)).toEqual({ id: Field.Other, kept: 1 });
    }),
    { numRuns: 500 },
  );
});

test("any other token is a name that passes", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,60}$/), (name) => {
      if (known.some(([taken]) => taken === name.toLowerCase().replace(/[_.]/g, "-"))) return;
      expect(scan(name)).toEqual({ id: Field.Other, kept: 1 });
    }),
  );
});

test("anything that is no token is no name", () => {
  for (const name of [
    "",
    " x",
    "x ",
    "x y",
    "x\t",
    "x\0",
    "x(y)",
    "caf\xe9",
    '"x"',
    "x/y",
    "x\x7f",
    "x[1]",
    "x{",
    "x@y",
  ]) {
    expect(scan(name), JSON.stringify(name)).toBe(-400);
  }
});
