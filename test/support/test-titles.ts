/** What the titles of all tests say they prove: marks in brackets, as in `[A33 A34]`, `[W5]`, `[WS-02 WS-03]`, `[A98–A103]`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
/** A row of the catalogue of faults (`RT-09`, `H2-01`), or a line of a list or several (`A5`, `A5–A9`, `W3-5`). */
const ONE = String.raw`(?:[A-Z][A-Z0-9]*-\d\d|[A-Z]+-?\d+(?:[–-][A-Z]*\d+)?)`;
const MARK = new RegExp(String.raw`\[(${ONE}(?:[ ,]+${ONE})*)\]`, "g");
const ROW = /^[A-Z][A-Z0-9]*-\d\d$/;

/** All marks of the titles below `test/`; those of tests that are skipped or still to do count for nothing. */
export function marksInTitles(): Set<string> {
  return new Set(testFiles().flatMap((file) => titlesIn(readFileSync(file, "utf8")).flatMap(marksIn)));
}

/** The marks of one text, with ranges spelled out. */
export function marksIn(text: string): string[] {
  return [...text.matchAll(MARK)].flatMap(([, list = ""]) => list.split(/[ ,]+/).flatMap(spelledOut));
}

/** The texts of a test file's source that can be titles: whole ones or those in the rows of a table. */
export function titlesIn(source: string): string[] {
  const lines = source.split("\n");
  return lines.flatMap((line, index) => {
    if (/^\s*(?:\/\/|\*|\/\*)/.test(line)) return [];
    if (/\.(?:skip|todo)\(/.test(line) || /\.(?:skip|todo)\($/.test(lines[index - 1] ?? "")) return [];
    return [...line.matchAll(/"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|'(?:[^'\\]|\\.)*'/g)].map(([text]) => text);
  });
}

/** The rows of the table below a heading of a program's README. */
export function readmeRows(heading: string, program: "proxy" | "cli" = "proxy"): string[] {
  const readme = readFileSync(join(ROOT, program, "README.md"), "utf8");
  const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  return section.split("\n").filter((line) => line.startsWith("| "));
}

function spelledOut(mark: string): string[] {
  if (ROW.test(mark)) return [mark];
  const [, kind = "", first, last] = /^([A-Z]+)(\d+)[–-][A-Z]*(\d+)$/.exec(mark) ?? [];
  if (first === undefined) return [mark];
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => `${kind}${Number(first) + index}`);
}

function testFiles(): string[] {
  return readdirSync(join(ROOT, "test"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}
