import { describe, expect, test } from "vitest";
import { type RoutedService, RouteTable } from "../../../proxy/route/route-table.ts";

type Named = RoutedService & { readonly name: string };

function on(name: string, hosts: readonly string[], pathPrefixes: readonly string[] = ["/"]): Named {
  return { name, hosts, pathPrefixes };
}

/** `host/path` → the service's name, or null. */
function lookUp(services: readonly Named[], url: string): string | null {
  const table = new RouteTable(services);
  const slash = url.indexOf("/");
  const path = url.slice(slash);
  const bucket = table.bucket(url.slice(0, slash));
  return (bucket && table.match(bucket, path, path.includes("%"))?.service.name) ?? null;
}

describe("the host", () => {
  const services = [
    on("exact", ["1.example.com"]),
    on("wild", ["*.example.com"]),
    on("two", ["2.example.com", "two.test"]),
    on("any", [""]),
  ];

  test.each([
    ["1.example.com/", "exact"],
    ["2.example.com/", "two"],
    ["two.test/", "two"],
    ["anything.example.com/", "wild"],
    ["too.deep.example.com/", "any"],
    ["example.com/", "any"],
    [".example.com/", "any"],
    ["other.test/", "any"],
    ["/", "any"],
  ])("%s is for %s [A156]", (url, name) => {
    expect(lookUp(services, url)).toBe(name);
  });

  test("without a service for any host, other hosts have none [A156]", () => {
    expect(lookUp(services.slice(0, 3), "too.deep.example.com/")).toBeNull();
    expect(lookUp([], "a.test/")).toBeNull();
  });

  test("names that objects have by birth are hosts like any other [RT-06]", () => {
    for (const host of ["__proto__", "constructor", "tostring"]) {
      expect(lookUp(services, `${host}/`)).toBe("any");
      expect(lookUp([on("odd", [host])], `${host}/`)).toBe("odd");
    }
  });
});

describe("the path", () => {
  const services = [
    on("root", ["a.test"]),
    on("api", ["a.test"], ["/api", "/v2"]),
    on("internal", ["a.test"], ["/api/internal"]),
    on("any", [""]),
    on("any-api", [""], ["/api"]),
  ];

  test.each([
    ["a.test/", "root"],
    ["a.test/app", "root"],
    ["a.test/api", "api"],
    ["a.test/api/", "api"],
    ["a.test/api/x", "api"],
    ["a.test/v2/x", "api"],
    ["a.test/apix", "root"],
    ["a.test/API", "root"],
    ["a.test/api/internal", "internal"],
    ["a.test/api/internals", "api"],
    ["a.test/%61pi/x", "api"],
    ["a.test/api%2Fx", "root"],
    ["b.test/api/x", "any-api"],
    ["b.test/x", "any"],
  ])("%s is for %s [A157]", (url, name) => {
    expect(lookUp(services, url)).toBe(name);
  });

  test("a host's own bucket decides: what it has not, no other has [A157]", () => {
    expect(lookUp([on("api", ["a.test"], ["/api"]), on("any", [""])], "a.test/x")).toBeNull();
  });

  test("the match tells the prefix as configured, and what of the path it covers", () => {
    const table = new RouteTable([on("api", [""], ["/a b", "/api"])]);
    const bucket = table.bucket("");
    expect(bucket && table.match(bucket, "/%61pi/x", true)).toMatchObject({ prefix: "/api", prefixLength: 6 });
    expect(bucket && table.match(bucket, "/a%20b", true)).toMatchObject({ prefix: "/a%20b", prefixLength: 6 });
  });
});
