import { expect, test } from "vitest";
import { authorityName, refuseUnissuable, storeDirectoryOf } from "../../../proxy/certificate/authority.ts";
import { PRODUCTION_DIRECTORY, readTlsOptions, STAGING_DIRECTORY } from "../../../proxy/options/tls-options.ts";

const OWN = "https://ca.example.com/directory";
const tls = (changes: Record<string, unknown> = {}) => readTlsOptions({ enabled: true, ...changes });

test("each authority has a place of its own, that of kamal-proxy [AC-12]", () => {
  const production = "/data/certs/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  expect(storeDirectoryOf(tls(), "/data")).toBe(production);
  expect(storeDirectoryOf(tls({ directory: PRODUCTION_DIRECTORY }), "/data")).toBe(production);
  expect(storeDirectoryOf(tls({ directory: STAGING_DIRECTORY, acmeCachePath: "/c" }), "/data")).toBe(
    "/c/67f2750652314251daad76f012141d33c9f7290f4f8ebb0a006a7f02d394a904",
  );
  expect(authorityName(PRODUCTION_DIRECTORY)).toBe("Let's Encrypt");
  expect(authorityName(STAGING_DIRECTORY)).toBe("Let's Encrypt (staging)");
  expect(authorityName(OWN)).toBe("ca.example.com");
});

test.each([
  ["127.0.0.1", {}, "it is an IP address"],
  ["::1", { directory: OWN }, "it is an IP address"],
  ["shop", {}, "public authorities sign no names without a dot"],
  ["shop.local", {}, "it is a name of private networks"],
  ["localhost", { directory: STAGING_DIRECTORY }, "public authorities sign no names without a dot"],
  ["my_shop.example.com", { directory: OWN }, "certificates cannot hold underscores"],
  ["-a.example.com", {}, "a part of it begins or ends with a hyphen"],
])("a certificate for %s (%j) can never be had: the deploy says why [AC-14]", (host, changes, reason) => {
  expect(() => refuseUnissuable(["ok.example.com", host], tls(changes))).toThrow(
    `automatic TLS cannot get a certificate for ${host}: ${reason}`,
  );
});

test.each([
  ["shop", { directory: OWN }],
  ["shop.internal", { directory: OWN }],
  ["xn--mller-kva.example.com", {}],
  [`${"a".repeat(60)}.${"b".repeat(60)}.example.com`, {}],
  ["*.example.com", { dnsHook: "/hook" }],
])("one for %s can [AC-14]", (host, changes) => {
  expect(() => refuseUnissuable([host], tls(changes))).not.toThrow();
});

test("a wildcard needs DNS-01, and the hint says how [A144] [AC-14] [P7]", () => {
  expect(() => refuseUnissuable(["*.example.com"], tls())).toThrow("automatic TLS does not support wildcards");
  expect(() => refuseUnissuable(["*.example.com"], tls())).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("--tls-dns-hook") as string }),
  );
});
