import { expect, test } from "vitest";
import { readServiceOptions } from "../../../proxy/options/service-options.ts";
import { directoryUrlOf, hasConfiguredHosts, onDemandUrlMistake } from "../../../proxy/options/tls-options.ts";

type Given = {
  readonly hosts?: readonly string[];
  readonly pathPrefixes?: readonly string[];
  readonly canonicalHost?: string;
  readonly tls?: Record<string, unknown>;
};

const read = (given: Given) => readServiceOptions(given);
const TLS = { enabled: true };
const onDemand = (onDemandUrl: string) => ({ enabled: true, onDemandUrl });
const HTTPS_URL = "https://approve.example.com/check";

const ACCEPTED: readonly (readonly [string, Given])[] = [
  ["TLS with one named host is accepted [A4 A167]", { hosts: ["a.example"], tls: TLS }],
  ["TLS with a named host and a wildcard is accepted [A5 A167]", { hosts: ["a.example", "*.a.example"], tls: TLS }],
  [
    "TLS on the root among other paths is accepted [A167]",
    { hosts: ["a.example"], pathPrefixes: ["/api", "/"], tls: TLS },
  ],
  ["an on-demand https URL instead of hosts is accepted [A6 A167]", { tls: onDemand(HTTPS_URL) }],
  ["an on-demand path is accepted [A167]", { tls: onDemand("/allowed?x=1") }],
  [
    "an on-demand URL with an empty host in the list is accepted [A167]",
    { hosts: ["a.example", ""], tls: onDemand("/allowed") },
  ],
  [
    "the first of two hosts as canonical is accepted [A9 A167]",
    { hosts: ["a.example", "www.a.example"], canonicalHost: "a.example" },
  ],
  [
    "the second of two as canonical is accepted [A10 A167]",
    { hosts: ["a.example", "www.a.example"], canonicalHost: "www.a.example" },
  ],
  ["a canonical host in other letters is accepted [A167]", { hosts: ["a.example"], canonicalHost: "A.Example." }],
  ["hosts without a canonical one is accepted [A12 A167]", { hosts: ["a.example"], canonicalHost: "" }],
  ["a canonical host without hosts is accepted [A13 A167]", { canonicalHost: "a.example" }],
  ["neither is accepted [A14 A167]", {}],
  ["a certificate without TLS is accepted [A167]", { tls: { certificatePath: "/c", privateKeyPath: "/k" } }],
];

test.each(ACCEPTED)("%s", (_, given) => {
  expect(read(given).canonicalHost).toBe(given.canonicalHost?.toLowerCase().replace(/\.$/, "") ?? "");
});

const NO_HOST = "host must be set when using TLS";

test.each([
  ["TLS without hosts is refused [A1 A167]", { tls: TLS }, NO_HOST],
  ["TLS with an empty host is refused [A2 A167]", { hosts: [""], tls: TLS }, NO_HOST],
  ["TLS with a wildcard and an empty host is refused [A3 A167]", { hosts: ["*.a.example", ""], tls: TLS }, NO_HOST],
  [
    "an on-demand URL with a host is refused [A7 A167]",
    { hosts: ["a.example"], tls: onDemand(HTTPS_URL) },
    "cannot set hosts when using a TLS on-demand URL",
  ],
  [
    "an ftp on-demand URL is refused [A8 A167]",
    { tls: onDemand("ftp://a.example/x") },
    'unsupported scheme "ftp" in tls-on-demand-url',
  ],
  [
    "a canonical host that is no host is refused [A11 A167]",
    { hosts: ["a.example", "b.example"], canonicalHost: "c.example" },
    "canonical-host 'c.example' must be present in the hosts list: [a.example b.example]",
  ],
  [
    "an on-demand URL without TLS is refused [A167]",
    { tls: { onDemandUrl: "/x" } },
    "TLS must be enabled to use a TLS on-demand URL",
  ],
  [
    "an on-demand URL with a certificate is refused [A167]",
    { tls: { ...onDemand("/x"), certificatePath: "/c" } },
    "cannot use a custom TLS certificate with a TLS on-demand URL",
  ],
  [
    "an on-demand URL with a key is refused [A167]",
    { tls: { ...onDemand("/x"), privateKeyPath: "/k" } },
    "cannot use a custom TLS certificate with a TLS on-demand URL",
  ],
  [
    "an on-demand URL with a canonical host is refused [A167]",
    { canonicalHost: "a.example", tls: onDemand("/x") },
    "cannot set a canonical host when using a TLS on-demand URL",
  ],
  [
    "an on-demand URL that is none is refused [A167]",
    { tls: onDemand("approve me") },
    "unable to parse tls-on-demand-url: ",
  ],
  [
    "an on-demand URL of two slashes is refused [A167]",
    { tls: onDemand("//a.example/x") },
    "must be a path or an absolute http(s) URL",
  ],
  [
    "an on-demand URL below the root is refused [A167]",
    { pathPrefixes: ["/api"], tls: onDemand("/x") },
    "TLS settings must be specified on the root path service",
  ],
  [
    "TLS below the root only is refused [A167]",
    { hosts: ["a.example"], pathPrefixes: ["/api"], tls: TLS },
    "TLS settings must be specified on the root path service",
  ],
])("%s", (_, given, reason) => {
  expect(() => read(given)).toThrow(expect.objectContaining({ code: "invalid-options" }));
  expect(() => read(given)).toThrow(/^service options invalid: /);
  expect(() => read(given)).toThrow(reason);
});

test("hosts are configured when every one of them is a name [A166]", () => {
  for (const hosts of [[], [""], ["a.example", ""]]) expect(hasConfiguredHosts(hosts)).toBe(false);
  for (const hosts of [["a.example"], ["*.a.example"]]) expect(hasConfiguredHosts(hosts)).toBe(true);
});

test.each(["/x", "/x?a=b", "http://a.example", "https://a.example:8443/x?a=b"])(
  "on-demand URL %j passes [A224]",
  (text) => {
    expect(onDemandUrlMistake(text)).toBeUndefined();
  },
);

test.each([
  ["://a.example", "unable to parse tls-on-demand-url"],
  ["approve", "unable to parse tls-on-demand-url"],
  ["https://a b.example/", "unable to parse tls-on-demand-url"],
  ["https://[::1/", "unable to parse tls-on-demand-url"],
  ["FTP://a.example", 'unsupported scheme "ftp"'],
  ["http://", "missing host in tls-on-demand-url"],
  ["https:///x", "missing host in tls-on-demand-url"],
  ["//a.example/x", "must be a path or an absolute http(s) URL"],
])("on-demand URL %j is refused [A224]", (text, reason) => {
  expect(onDemandUrlMistake(text)).toContain(reason);
});

test("the authority's options are taken as they are, peers as addresses [P1] [P7]", () => {
  const tls = {
    directory: "https://ca.example.com/directory",
    email: "ops@example.com",
    eabKeyId: "kid",
    eabKeyPath: "/eab",
    dnsHook: "/hook",
    peers: ["10.0.0.2", "proxy-b:8080", "10.0.0.2:80"],
    hstsSeconds: 63_072_000,
  };
  const { tls: read } = readServiceOptions({ tls });
  expect(read).toMatchObject({ ...tls, peers: ["10.0.0.2:80", "proxy-b:8080"] });
  expect(directoryUrlOf(read)).toBe(tls.directory);
  expect(readServiceOptions({ tls: JSON.parse(JSON.stringify(read)) }).tls).toEqual(read);
  expect(directoryUrlOf(readServiceOptions({}).tls)).toBe("https://acme-v02.api.letsencrypt.org/directory");
});

test.each([
  [{ directory: "ca.example.com/directory" }, "must be an absolute http(s) URL"],
  [{ directory: "ftp://ca.example.com/directory" }, "must be an absolute http(s) URL"],
  [{ email: "ops" }, 'tls-email "ops" is not an e-mail address'],
  [{ email: "a@example.com,b@example.com" }, "is not an e-mail address"],
  [{ eabKeyId: "kid" }, "tls-eab-key-id and tls-eab-key-path must be given together"],
  [{ eabKeyPath: "/eab" }, "tls-eab-key-id and tls-eab-key-path must be given together"],
  [{ dnsHook: "hook" }, 'tls-dns-hook "hook" must be the absolute path of a program'],
  [{ hstsSeconds: -1 }, "tls-hsts must be between 0 and 63072000, not -1"],
  [{ hstsSeconds: 63_072_001 }, "tls-hsts must be between 0 and 63072000"],
  [{ peers: ["http://10.0.0.2"] }, "invalid host pattern"],
])("%j is refused", (tls, reason) => {
  expect(() => readServiceOptions({ tls })).toThrow(reason);
});
