/** The route table: exact host, one-label wildcard, any host; within the first that is found the longest prefix. */
import { expect, test } from "vitest";
import { RouteTable } from "../../../proxy/route/route-table.ts";

type Routed = { readonly name: string; readonly hosts: string[]; readonly pathPrefixes: string[] };

const route = (name: string, hosts: string[], pathPrefixes = ["/"]): Routed => ({ name, hosts, pathPrefixes });

const table = new RouteTable<Routed>([
  route("root", ["a.test"]),
  route("api", ["a.test"], ["/api"]),
  route("deep", ["a.test"], ["/api/v2", "/other"]),
  route("wild", ["*.a.test"]),
  route("exact", ["x.a.test"], ["/only"]),
  route("proto", ["__proto__", "constructor"]),
  route("any", [""]),
]);

function find(host: string, path: string): string {
  const bucket = table.bucket(host);
  const match = bucket && table.match(bucket, path, false);
  return match ? `${match.service.name} ${match.prefixLength}` : "none";
}

test.each([
  ["a.test", "/", "root 0"],
  ["a.test", "/api", "api 4"],
  ["a.test", "/api/v1", "api 4"],
  ["a.test", "/api/v2", "deep 7"],
  ["a.test", "/api/v2/x", "deep 7"],
  ["a.test", "/other/x", "deep 6"],
  ["a.test", "/apix", "root 0"],
  ["y.a.test", "/", "wild 0"],
  ["x.a.test", "/only/x", "exact 5"],
  // The first bucket that is found decides: no falling through to the wildcard.
  ["x.a.test", "/else", "none"],
  ["z.y.a.test", "/", "any 0"],
  ["b.test", "/", "any 0"],
  ["", "/", "any 0"],
  [".a.test", "/", "any 0"],
  ["*.a.test", "/", "wild 0"],
  ["__proto__", "/", "proto 0"],
  ["constructor", "/", "proto 0"],
  ["hasOwnProperty", "/", "any 0"],
  ["::1", "/", "any 0"],
])("%s%s → %s", (host, path, wanted) => {
  expect(find(host, path)).toBe(wanted);
});

test("without any-host services unknown hosts have no bucket at all", () => {
  const strict = new RouteTable<Routed>([route("root", ["a.test"]), route("wild", ["*.b.test"])]);
  for (const host of ["b.test", "toString", "", "x.y.b.test", ".b.test", "c.test"])
    expect(strict.bucket(host), host).toBeUndefined();
  expect(strict.bucket("x.b.test")).toBeDefined();
});

test("a bucket is guarded when a prefix decides in it", () => {
  expect([table.bucket("a.test")?.guarded, table.bucket("y.a.test")?.guarded]).toEqual([true, false]);
});

test("no host and no prefix mean any and all", () => {
  const open = new RouteTable<Routed>([route("open", [], [])]);
  const bucket = open.bucket("whatever.test");
  expect(bucket && open.match(bucket, "/x", false)?.service.name).toBe("open");
});

test("a hundred thousand hosts are found as fast as one [RT-12]", () => {
  const many = new RouteTable<Routed>(
    Array.from({ length: 1_000 }, (_, service) =>
      route(
        `s${service}`,
        Array.from({ length: 100 }, (_, host) => `h${host}.s${service}.test`),
      ),
    ),
  );
  const startedAt = performance.now();
  for (let turn = 0; turn < 100_000; turn++) many.bucket(`h${turn % 100}.s${turn % 1_000}.test`);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
