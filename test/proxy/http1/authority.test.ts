/** Authorities: what counts as a host, and to what it folds. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { hostOfAuthority } from "../../../proxy/http1/authority.ts";

test.each([
  ["a.test", "a.test"],
  ["A.TeSt", "a.test"],
  ["a.test.", "a.test"],
  ["a.test:80", "a.test"],
  ["a.test.:80", "a.test"],
  ["a.test:", "a.test"],
  ["a.test:65535", "a.test"],
  ["localhost", "localhost"],
  ["under_score.x-y.test", "under_score.x-y.test"],
  ["127.0.0.1:8080", "127.0.0.1"],
  ["xn--bcher-kva.test", "xn--bcher-kva.test"],
  ["[::1]", "::1"],
  ["[2001:DB8::A]:443", "2001:db8::a"],
  ["[::ffff:1.2.3.4]", "::ffff:1.2.3.4"],
  ["__proto__", "__proto__"],
])("%s is the host %s", (text, host) => {
  expect(hostOfAuthority(text)).toBe(host);
});

test.each([
  "",
  ".",
  "..",
  ".a",
  "a..b",
  "a.test..",
  ":80",
  "a b",
  " a",
  "a ",
  "a\t",
  "user@a.test",
  "a.test/x",
  "a.test?x",
  "a.test#x",
  "a,b",
  "*.test",
  "a%2eb",
  "a.test:x",
  "a.test:-1",
  "a.test:65536",
  "a.test:99999",
  "a.test:80:80",
  "a.test:8 0",
  "[::1",
  "::1",
  "[::1]x",
  "[::1]:x",
  "[::1%25eth0]",
  "[::1%eth0]",
  "[]",
  "[1.2.3.4]",
  "[g::1]",
  "a\0b",
  "caf\xe9.test",
  "a\\b",
  "a;b",
  "a=b",
  "a!b",
  "a|b",
  "[v1.x]",
  `${"a".repeat(64)}.test`,
  `${"a.".repeat(127)}toolong`,
])("%j is no host", (text) => {
  expect(hostOfAuthority(text)).toBeNull();
});

const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/);
const name = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join("."));

test("case, one trailing dot and the port make no difference [W22]", () => {
  const decorated = fc.tuple(name, fc.boolean(), fc.option(fc.nat({ max: 65_535 })));
  fc.assert(
    fc.property(decorated, ([host, dot, port]) => {
      const text = `${host}${dot ? "." : ""}${port === null ? "" : `:${port}`}`;
      expect(hostOfAuthority(text)).toBe(host.toLowerCase());
      expect(hostOfAuthority(text.toUpperCase())).toBe(host.toLowerCase());
    }),
  );
});

test("a folded host folds to itself, and holds nothing that a route table or a log could trip over", () => {
  const text = fc.string({ unit: fc.constantFrom(...Array.from("aB1.-_:[]@/ %,*\\\0\xe9")), maxLength: 12 });
  fc.assert(
    fc.property(text, (authority) => {
      const host = hostOfAuthority(authority);
      if (host === null) return;
      expect(host).toMatch(/^[a-z0-9_.:-]+$/);
      expect(hostOfAuthority(host.includes(":") ? `[${host}]` : host)).toBe(host);
    }),
    { numRuns: 2_000 },
  );
});
