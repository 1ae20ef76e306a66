import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mergeTrees, plainValue } from "../../../cli/config/tree.ts";
import { parsed } from "./written-config.ts";

describe("merging", () => {
  const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: "small" },
      fc.integer(),
      fc.constant(null),
      fc.array(fc.integer(), { maxLength: 2 }),
      tie("map"),
    ),
    map: fc.dictionary(fc.constantFrom("a", "b", "c"), tie("any"), { maxKeys: 3 }),
  })).any;

  test("destination wins; lists, values and null replace; the rest stays", () => {
    fc.assert(
      fc.property(value, value, (under, over) => {
        const merged = mergeTrees(parsed(JSON.stringify(under)).root, parsed(JSON.stringify(over)).root);
        expect(plainValue(merged)).toEqual(merge(under, over));
      }),
    );
  });

  function merge(under: unknown, over: unknown): unknown {
    const maps = [under, over].every((one) => typeof one === "object" && one !== null && !Array.isArray(one));
    if (!maps) return over;
    const merged: Record<string, unknown> = { ...(under as object) };
    for (const [key, inside] of Object.entries(over as object))
      merged[key] = key in merged ? merge(merged[key], inside) : inside;
    return merged;
  }
});
