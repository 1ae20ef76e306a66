/** The catalogue of faults: each row that concerns HTTP/2, TLS, certificates, routing, forwarding, upgrades, control, deploys, state, logs and the deploy tool has a test or a reason. */
import { expect, test } from "vitest";
import { marksInTitles, readmeRows } from "./support/test-titles.ts";

/** Rows by section of the catalogue (reliability.md §3.4 to 3.11 and 3.13 to 3.15), and how many of them are not covered. */
const SECTIONS = [
  { section: "HTTP/2", kind: "H2", size: 22, open: 0 },
  { section: "routing and paths", kind: "RT", size: 12, open: 0 },
  { section: "forwarded and hop-by-hop fields", kind: "FW", size: 10, open: 0 },
  { section: "upgrades", kind: "WS", size: 12, open: 0 },
  { section: "the control socket", kind: "CS", size: 12, open: 0 },
  { section: "switchover and drain", kind: "DP", size: 15, open: 1 },
  { section: "state and disk", kind: "ST", size: 11, open: 0 },
  { section: "TLS", kind: "TL", size: 14, open: 0 },
  { section: "ACME and certificates", kind: "AC", size: 14, open: 0 },
  { section: "the deploy tool", kind: "CLI", size: 24, open: 0 },
  { section: "logs", kind: "LG", size: 5, open: 0 },
] as const;

/** Sections whose rows are named by some tests, but not counted here. */
const ELSEWHERE = [
  ["CM", 13],
  ["U", 60],
] as const;

const tested = marksInTitles();
const excused = new Map(
  [...readmeRows("Not covered here"), ...readmeRows("Not covered here", "cli")].flatMap((row) => {
    const [, id = "", ...rest] = row.split("|").map((cell) => cell.trim());
    return /^[A-Z][A-Z0-9]+-\d\d$/.test(id) ? [[id, rest.join(" ").trim()] as const] : [];
  }),
);

test.each(SECTIONS)(
  "$section: each of the $size rows has a test or a reason why not",
  ({ section, kind, size, open }) => {
    const rows = Array.from({ length: size }, (_, index) => `${kind}-${String(index + 1).padStart(2, "0")}`);
    const covered = rows.filter((row) => tested.has(row));
    const left = rows.filter((row) => excused.has(row));
    process.stdout.write(`${section}: ${covered.length} tests, ${left.length} not covered, of ${size}\n`);
    expect(
      rows.filter((row) => !tested.has(row) && !excused.has(row)),
      "neither test nor reason",
    ).toEqual([]);
    expect(
      left.filter((row) => tested.has(row)),
      "a test has come: take it out of the table",
    ).toEqual([]);
    expect(
      left.filter((row) => excused.get(row) === ""),
      "a reason is missing",
    ).toEqual([]);
    expect(left.length, "rows without a test").toBe(open);
  },
);

test("no row is named that does not exist", () => {
  const sizes = new Map<string, number>([...ELSEWHERE, ...SECTIONS.map(({ kind, size }) => [kind, size] as const)]);
  const unknown = [...tested, ...excused.keys()].filter((mark) => {
    const [kind = "", number] = mark.split("-");
    return number !== undefined && !(Number(number) >= 1 && Number(number) <= (sizes.get(kind) ?? 0));
  });
  expect(unknown).toEqual([]);
});
