/** Wire bytes as JSON strings: always valid, always one line of ASCII, never long. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { cachedJsonText, jsonText } from "../../../proxy/observe/json-text.ts";

const wire = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString("latin1"));

test("any bytes become one valid ASCII JSON string that says what they say as UTF-8", () => {
  fc.assert(
    fc.property(wire, (text) => {
      const json = jsonText(text);
      expect(json).toMatch(/^[\x20-\x7e]*$/);
      expect(JSON.parse(json)).toBe(Buffer.from(text, "latin1").toString("utf8"));
      expect(cachedJsonText(text)).toBe(json);
      expect(cachedJsonText(text)).toBe(json);
    }),
    { numRuns: 1_000 },
  );
});

test("characters beyond the basic plane survive", () => {
  expect(JSON.parse(jsonText(Buffer.from("a😀€é").toString("latin1")))).toBe("a😀€é");
});

test("long values are cut and marked", () => {
  const json = jsonText("x".repeat(100_000));
  expect(json.length).toBeLessThan(2_100);
  expect(JSON.parse(json)).toBe(`${"x".repeat(2048)}…`);
  expect(JSON.parse(jsonText("x".repeat(2048)))).toBe("x".repeat(2048));
  expect(cachedJsonText("y".repeat(100_000)).length).toBeLessThan(2_100);
});

test("the memory of values is bounded", () => {
  for (let index = 0; index < 10_000; index++)
    expect(cachedJsonText(`value "${index}"`)).toBe(`"value \\"${index}\\""`);
});
