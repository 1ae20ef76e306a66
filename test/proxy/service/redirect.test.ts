import { describe, expect, test } from "vitest";
import type { ServiceRoute } from "../../../proxy/route/routing-table.ts";
import { NOWHERE, Redirect, redirectStatus } from "../../../proxy/service/redirect.ts";
import { service, tlsRoute } from "../../support/running-proxy.ts";

const TLS = tlsRoute({ enabled: true, redirect: true });

/** Where `http(s)://authority/path` is sent by a service with these options. */
function location(url: string, changes: Partial<ServiceRoute>): string | null {
  const [, scheme = "", authority = "", path = "", query] = /^(https?):\/\/([^/]*)([^?]*)(?:\?(.*))?$/s.exec(url) ?? [];
  const host = authority.startsWith("[")
    ? authority.slice(1, authority.indexOf("]"))
    : authority.replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase();
  const request = { authority, host, path, query: query ?? "", hasQuery: query !== undefined };
  return Redirect.of(service("app", [], changes))?.locationFor(request, scheme) ?? null;
}

describe("to HTTPS", () => {
  const hosts = ["example.com", "*.wild.test", "::1"];

  test.each([
    ["http://example.com/a?b=c", "https://example.com/a?b=c"],
    ["http://x.wild.test/", "https://x.wild.test/"],
    ["http://EXAMPLE.com./", "https://example.com/"],
    // The port of plain HTTP says nothing about the other.
    ["http://example.com:8080/", "https://example.com/"],
    ["http://[::1]:8080/", "https://[::1]/"],
    // Path and query as they came.
    ["http://example.com//a/../b%2F'|?", "https://example.com//a/../b%2F'|?"],
    ["http://example.com/?a=;%zz", "https://example.com/?a=;%zz"],
    ["https://example.com/", null],
  ])("%s → %s [A165]", (from, to) => {
    expect(location(from, { hosts, tls: TLS })).toBe(to);
  });

  test("a host that is none of the service's does not get into the location", () => {
    expect(location("http://evil.test/x", { hosts: ["*.wild.test", "example.com", ""], tls: TLS })).toBe(
      "https://example.com/x",
    );
    expect(location("http://a.b.wild.test/x", { hosts: ["*.wild.test"], tls: TLS })).toBe(NOWHERE);
  });

  test("a service without any host of its own sends clients to the host they asked for", () => {
    for (const none of [[], [""]]) {
      expect(location("http://on-demand.test/x", { hosts: none, tls: TLS })).toBe("https://on-demand.test/x");
      expect(location("http:///x", { hosts: none, tls: TLS })).toBe(NOWHERE);
    }
  });

  test("a name or a wildcard is a host of its own, an empty entry is none [A166]", () => {
    const asked = (given: readonly string[]) => location("http://asked.test/", { hosts: given, tls: TLS });
    expect(asked(["a.test"])).toBe("https://a.test/");
    expect(asked(["", "*.a.test", "a.test"])).toBe("https://a.test/");
    expect(asked(["*.a.test"])).toBe(NOWHERE);
  });

  test("off, or without TLS, nothing is redirected [A168]", () => {
    expect(Redirect.of(service("app", [], { hosts, tls: tlsRoute({ enabled: true, redirect: false }) }))).toBeNull();
    expect(Redirect.of(service("app", [], { hosts, tls: tlsRoute({ enabled: false, redirect: true }) }))).toBeNull();
  });
});

describe("to the canonical host", () => {
  const route = { hosts: ["example.com", "www.example.com"], canonicalHost: "Example.com" };

  test.each([
    ["http://www.example.com/a?b", "http://example.com/a?b"],
    ["https://www.example.com/a", "https://example.com/a"],
    ["http://www.example.com:8080/a", "http://example.com:8080/a"],
    ["http://www.example.com:80/a", "http://example.com/a"],
    ["https://www.example.com:443/a", "https://example.com/a"],
    ["https://www.example.com:80/a", "https://example.com:80/a"],
    ["http://www.example.com:/a", "http://example.com/a"],
    ["http://EXAMPLE.com/a", null],
    ["http://example.com.:8080/a", null],
    ["https://example.com:8443/a", null],
  ])("%s → %s [A126]", (from, to) => {
    expect(location(from, route)).toBe(to);
  });

  test.each([
    ["http://www.example.com:8080/a", "https://example.com/a"],
    ["https://www.example.com:8443/a", "https://example.com:8443/a"],
    ["http://example.com/a", "https://example.com/a"],
    ["https://example.com/a", null],
  ])("together with TLS there is one hop: %s → %s [A127]", (from, to) => {
    expect(location(from, { ...route, tls: TLS })).toBe(to);
  });

  test("an IPv6 literal keeps its brackets", () => {
    expect(location("http://other.test/a", { hosts: [""], canonicalHost: "::1" })).toBe("http://[::1]/a");
    expect(location("http://[::1]:8080/a", { hosts: [""], canonicalHost: "::1" })).toBeNull();
  });
});

test("GET and HEAD get a 301, what has a body to keep a 308", () => {
  expect(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"].map(redirectStatus)).toEqual([
    301, 301, 308, 308, 308, 308,
  ]);
});
