import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readServiceOptions } from "../../../proxy/options/service-options.ts";

test("nothing given: any host, every path, prefixes stripped", () => {
  expect(readServiceOptions({})).toEqual({
    hosts: [""],
    pathPrefixes: ["/"],
    stripPathPrefix: true,
    tls: {
      enabled: false,
      redirect: true,
      certificatePath: "",
      privateKeyPath: "",
      onDemandUrl: "",
      directory: "",
      acmeCachePath: "",
      email: "",
      eabKeyId: "",
      eabKeyPath: "",
      dnsHook: "",
      peers: [],
      hstsSeconds: 0,
    },
    canonicalHost: "",
    writerAffinityTimeoutMs: 1_000,
    readTargetsAcceptWebsockets: false,
    errorPagesPath: "",
    excludeMetricsPaths: [],
    clientIpHeader: "",
  });
});

test.each([
  ["App.Example.COM", "app.example.com"],
  ["app.example.com.", "app.example.com"],
  ["*.Example.com", "*.example.com"],
  ["localhost", "localhost"],
  ["a_b.example", "a_b.example"],
  ["10.0.0.1", "10.0.0.1"],
  ["[FD00::1]", "fd00::1"],
  ["fd00::1", "fd00::1"],
  ["bücher.example", "xn--bcher-kva.example"],
  ["*.BÜCHER.example", "*.xn--bcher-kva.example"],
  ["", ""],
])("host %j is kept as %j [W22]", (given, kept) => {
  expect(readServiceOptions({ hosts: [given] }).hosts).toEqual([kept]);
});

test.each([
  ["app.example.com:80", /must be a name without scheme or port/],
  ["http://app.example.com", /must be a name without scheme or port/],
  ["[::1]:80", /must be a name without scheme or port/],
  [" app.example.com", /contains blanks/],
  ["app example.com", /contains blanks/],
  [" ", /contains blanks/],
  ["*", /is no wildcard.*leave --host out/],
  ["a.*.example.com", /is no wildcard/],
  ["*.", /is no wildcard/],
  ["a..b", /is not a host name/],
  ["..", /is not a host name/],
  ["user@host", /is not a host name/],
  ["a/b", /is not a host name/],
  [`${"a".repeat(64)}.example`, /is not a host name/],
  [`${"a.".repeat(130)}b`, /is not a host name/],
])("host %j is refused", (host, reason) => {
  const read = () => readServiceOptions({ hosts: [host] });
  expect(read).toThrow(reason);
  expect(read).toThrow(/^service options invalid: /);
});

test("hosts that are one after folding count once", () => {
  expect(readServiceOptions({ hosts: ["A.example", "a.example.", ""] }).hosts).toEqual(["a.example", ""]);
});

test.each([
  ["api", "/api"],
  ["/api/", "/api"],
  ["//api//v1//", "/api//v1"],
  ["/", "/"],
  ["", "/"],
  ["/%61pi", "/%61pi"],
])("path prefix %j is kept as %j", (given, kept) => {
  expect(readServiceOptions({ pathPrefixes: [given] }).pathPrefixes).toEqual([kept]);
});

test.each(["/a b", "/a?b", "/a#b", "/a\u0000"])("path prefix %j is refused", (prefix) => {
  expect(() => readServiceOptions({ pathPrefixes: [prefix] })).toThrow(/service options invalid: path prefix/);
});

test.each([
  [null, "not an object"],
  [{ hosts: "a" }, "hosts must be a list of texts"],
  [{ hosts: [1] }, "hosts must be a list of texts"],
  [{ stripPathPrefix: "yes" }, "stripPathPrefix must be true or false"],
  [{ tls: true }, "not an object"],
  [{ tls: { enabled: "yes" } }, "enabled must be true or false"],
  [{ tls: { hsts: true } }, 'unknown option "hsts"'],
  [{ hsts: true }, 'unknown option "hsts"'],
  [{ writerAffinityTimeoutMs: -1 }, "writer-affinity-timeout cannot be negative: -1ms"],
  [{ clientIpHeader: "Real IP" }, 'client-ip-header "Real IP" is not a header name'],
  [{ canonicalHost: "a.example:80" }, 'canonical-host "a.example:80" must be a name without scheme or port'],
  [{ hosts: ["*.example"], canonicalHost: "*.example" }, "canonical-host '*.example' cannot be a wildcard"],
  [{ errorPagesPath: 1 }, "errorPagesPath must be a text"],
  [{ excludeMetricsPaths: "/up" }, "excludeMetricsPaths must be a list of texts"],
])("%j is refused: %s", (value, reason) => {
  expect(() => readServiceOptions(value)).toThrow(`service options invalid: ${reason}`);
});

test("a path that metrics leave out begins with a slash", () => {
  expect(readServiceOptions({ excludeMetricsPaths: ["up", "/metrics"] }).excludeMetricsPaths).toEqual([
    "/up",
    "/metrics",
  ]);
});

test("what was read is read the same again, as it is by the server after the command line", () => {
  const label = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
  const host = fc
    .tuple(fc.constantFrom("", "*."), fc.array(label, { minLength: 1, maxLength: 4 }))
    .map(([wild, labels]) => wild + labels.join("."));
  const prefix = fc.webPath();
  fc.assert(
    fc.property(fc.array(host), fc.array(prefix), (hosts, pathPrefixes) => {
      const once = readServiceOptions({ hosts, pathPrefixes });
      expect(readServiceOptions(JSON.parse(JSON.stringify(once)))).toEqual(once);
    }),
  );
});
