/** Rows of a name, our line and the original's: they are the same, byte for byte. */
import { describe, expect, test } from "vitest";

export type LineTable = readonly (readonly [string, string | undefined, string])[];

export function sameLines(name: string, table: LineTable): void {
  describe.each([[name, table]] as const)("%s", (_name, rows) => {
    test.each(rows)("%s", (_what, ours, original) => {
      expect(ours).toBe(original);
    });
  });
}
