/** Path prefixes: what they cover, what only looks like it, and paths that could lead elsewhere. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalPrefix, hasDotSegment, matchPrefix } from "../../../proxy/route/path-prefix.ts";

const covered = (prefix: string, path: string): number =>
  matchPrefix(canonicalPrefix(prefix), path, /[%\\]|\/\./.test(path));

test.each([
  ["/", "/", 0],
  ["/", "/x/y", 0],
  ["/api", "/api", 4],
  ["/api", "/api/", 4],
  ["/api", "/api/x", 4],
  ["/api", "/api//x", 4],
  ["/api", "/apiv2", -1],
  ["/api", "/ap", -1],
  ["/api", "/API", -1],
  ["/api", "//api", -1],
  ["/api", "/api;v=1/x", -1],
  ["/api", "/api%2Fx", -1],
  ["/api", "/%61pi/x", 6],
  ["/api", "/a%70%69", 8],
  ["/api", "/a%7", -1],
  ["/api", "/api/%2e", 4],
  ["/a/b", "/a/b/c", 4],
  ["/a/b", "/a%2Fb/c", -1],
  ["/caf\u00e9", "/caf%C3%A9/x", 10],
  ["/caf\u00e9", "/caf%c3%a9", 10],
  ["/caf\u00e9", "/caf%E9", -1],
  ["/a b", "/a%20b/x", 6],
  ["/%61", "/a", 2],
  ["/a%2Fb", "/a%2fb/c", 6],
  ["/a%2Fb", "/a/b/c", -1],
])("prefix %s covers of %s: %i", (prefix, path, length) => {
  expect(covered(prefix, path)).toBe(length);
});

test("an escaped prefix matches exactly when the plain one does, and covers the escaped bytes", () => {
  const segment = fc.stringMatching(/^[A-Za-z0-9._~-]{1,8}$/);
  const cases = fc.tuple(
    fc.array(segment, { minLength: 1, maxLength: 3 }),
    fc.constantFrom("", "/", "/x", "x"),
    fc.array(fc.boolean(), { maxLength: 24 }),
  );
  fc.assert(
    fc.property(cases, ([segments, rest, escapes]) => {
      const prefix = `/${segments.join("/")}`;
      const escaped = Array.from(prefix, (character, index) =>
        escapes[index] && character !== "/" ? `%${character.charCodeAt(0).toString(16)}` : character,
      ).join("");
      const matches = matchPrefix(prefix, prefix + rest, false);
      expect(matches).toBe(rest === "x" ? -1 : prefix.length);
      expect(matchPrefix(prefix, escaped + rest, true)).toBe(matches === -1 ? -1 : escaped.length);
    }),
  );
});

test.each([
  "/..",
  "/.",
  "/../x",
  "/x/..",
  "/x/../y",
  "/x/./y",
  "/%2e%2e/x",
  "/.%2E/x",
  "/%2e/x",
  "/x%2f..%2fy",
  "/x\\..\\y",
  "/x%5c..",
  "/..;/x",
  "/x/..;a=b/y",
  "/.;/x",
  "/%2E%2e;x/y",
  "/x/%2e%2e",
])("%s has a dot segment", (path) => {
  expect(hasDotSegment(path)).toBe(true);
});

test.each([
  "/",
  "/x",
  "/...",
  "/..x",
  "/x..",
  "/.well-known/x",
  "/x/.y",
  "/a.b/c",
  "/%2e%2ex",
  "/x;..",
  "/x.;/y",
  "/%2",
  "/..%zz",
])("%s has none", (path) => {
  expect(hasDotSegment(path)).toBe(false);
});

test("a path that any target could resolve upwards has a dot segment", () => {
  const piece = fc.constantFrom(
    "/",
    "\\",
    "%2f",
    "%2F",
    "%5C",
    ".",
    "%2e",
    "%2E",
    "..",
    "a",
    "api",
    ";",
    ";v=1",
    "%61",
  );
  const resolves = (path: string): boolean => {
    const plain = path.replace(/%2e/gi, ".").replace(/%2f|%5c|\\/gi, "/");
    return plain.split("/").some((segment) => /^\.{1,2}$/.test(segment.split(";", 1)[0] ?? ""));
  };
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const path = `/${pieces.join("")}`;
      expect([path, hasDotSegment(path)]).toEqual([path, resolves(path)]);
    }),
    { numRuns: 3_000 },
  );
});

test("a prefix is canonical once and for all", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from('aZ9%4.~é€ ?#\\"<\0')), maxLength: 10 }), (text) => {
      const canonical = canonicalPrefix(`/${text}`);
      expect(canonical).toMatch(/^[\x21-\x7e]+$/);
      expect(canonicalPrefix(canonical)).toBe(canonical);
    }),
  );
});
