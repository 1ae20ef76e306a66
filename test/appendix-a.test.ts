/** The acceptance checklist: every assertion of the reference's own suite, and every weak point to beat, is a test or a named difference. */
import { expect, test } from "vitest";
import { marksIn, marksInTitles, readmeRows, titlesIn } from "./support/test-titles.ts";

/** What was covered when this was last changed: less is a loss, more is to be written down here. */
const CHECKLISTS = [
  { name: "Appendix A", kind: "A", size: 224, tests: 218, differences: 6 },
  { name: "weak points", kind: "W", size: 32, tests: 32, differences: 0 },
] as const;

const tested = marksInTitles();
const differing = new Set(readmeRows("Differences from kamal-proxy").flatMap(marksIn));

test.each(CHECKLISTS)(
  "$name: all $size are tests or differences, and neither gets less",
  ({ name, kind, ...recorded }) => {
    const all = Array.from({ length: recorded.size }, (_, index) => `${kind}${index + 1}`);
    const tests = all.filter((mark) => tested.has(mark));
    const differences = all.filter((mark) => differing.has(mark));
    process.stdout.write(`${name}: ${tests.length} tests, ${differences.length} differences, of ${all.length}\n`);
    expect(
      all.filter((mark) => !tested.has(mark) && !differing.has(mark)),
      "neither test nor difference",
    ).toEqual([]);
    expect(
      differences.filter((mark) => tested.has(mark)),
      "a test has come: take it out of the table",
    ).toEqual([]);
    expect({ ...recorded, tests: tests.length, differences: differences.length }).toEqual(recorded);
  },
);

test("no mark names what does not exist", () => {
  const known = new Set(
    CHECKLISTS.flatMap(({ kind, size }) => Array.from({ length: size }, (_, i) => `${kind}${i + 1}`)),
  );
  expect([...tested, ...differing].filter((mark) => /^[AW]\d/.test(mark) && !known.has(mark))).toEqual([]);
});

test("marks are found in titles, spelled out, and not in comments or tests that do not run", () => {
  expect(marksIn("a title [A1 A2] [W3–5], [RT-01 WS-02 H2-03] [a7] [A-Z]")).toEqual([
    "A1",
    "A2",
    "W3",
    "W4",
    "W5",
    "RT-01",
    "WS-02",
    "H2-03",
  ]);
  const [open, close] = ["[", "]"];
  const source = `// test("${open}X1${close}")\ntest.skip("${open}X2${close}", run);\ntest.todo(\n  "${open}X3${close}",\n);\ntest("${open}X4${close}", run);`;
  expect(titlesIn(source).flatMap(marksIn)).toEqual(["X4"]);
});
