/** The built-in error pages: well-formed, self-contained, readable, and safe with any message. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { errorPage } from "../../../proxy/response/error-page.ts";

/** Every status that the proxy answers with by itself. */
const STATUSES = [400, 404, 408, 413, 414, 417, 431, 500, 501, 502, 503, 504, 505];
const VOID = new Set(["meta", "link", "br", "img", "hr", "!doctype"]);

const pageOf = (status: number, message?: string): string => errorPage(status, message).toString("utf8");

/** Elements that are open at the end, or closed wrongly. */
function unbalanced(html: string): string[] {
  const open: string[] = [];
  for (const [, slash, name = ""] of html
    .replace(/<style>[\s\S]*?<\/style>/g, "")
    .matchAll(/<(\/?)(!?[a-z][a-z0-9]*)[^>]*>/gi)) {
    if (VOID.has(name.toLowerCase())) continue;
    if (slash === "") open.push(name);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  return open;
}

test.each(STATUSES)("the page for %i is complete and its own", (status) => {
  const page = pageOf(status);
  expect(page.startsWith("<!doctype html>\n<html lang=")).toBe(true);
  expect(unbalanced(page)).toEqual([]);
  expect(page).toContain('<meta charset="utf-8">');
  expect(page).toContain('name="viewport"');
  expect(page).toContain('content="noindex"');
  expect(page).toMatch(new RegExp(`<title>${status} — \\S`));
  expect(page.match(/<h1>/g)?.length).toBe(1);
  expect(page).toContain("<main>");
  expect(page).not.toContain("undefined");
});

test.each(STATUSES)("the page for %i loads nothing and runs nothing", (status) => {
  expect(pageOf(status)).not.toMatch(/https?:|\/\/|src=|href=|url\(|@import|<script|<link|<iframe|\son[a-z]+=/i);
});

test("no message can become markup [DP-12]", () => {
  const hostile = fc.string({
    unit: fc.constantFrom("<", ">", "&", '"', "'", "script", "/", "=", "x", "é", "\n", "{{", "-->"),
    maxLength: 30,
  });
  const frame = unbalanced(pageOf(503, "plain"));
  fc.assert(
    fc.property(hostile, (message) => {
      const page = pageOf(503, message);
      expect(unbalanced(page)).toEqual(frame);
      if (message === "") return;
      const shown = /<p>([\s\S]*?)<\/p>\n<\/main>/.exec(page)?.[1] ?? "";
      expect(shown).not.toMatch(/[<>"']/);
      const plain = shown
        .replaceAll("&lt;", "<")
        .replaceAll("&gt;", ">")
        .replaceAll("&#34;", '"')
        .replaceAll("&#39;", "'")
        .replaceAll("&amp;", "&");
      expect(plain).toBe(message);
    }),
    { numRuns: 500 },
  );
});

test("a message replaces the standard sentence, an empty one does not", () => {
  expect(pageOf(503, "Back at nine")).toContain("<p>Back at nine</p>");
  expect(pageOf(503, "")).toBe(pageOf(503));
});

test("a status without words of its own still gets a page", () => {
  expect(unbalanced(pageOf(599))).toEqual([]);
  expect(pageOf(599)).toContain("599");
});
