import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { covers, dateProblem, readPair } from "../../../proxy/certificate/certificate-pair.ts";
import { CERTIFICATE_LIMITS } from "../../../proxy/limits.ts";
import { newKey, ScriptedIssuer } from "../../support/scripted-issuer.ts";

const issuer = new ScriptedIssuer();
const key = newKey();
const names = ["shop.example", "*.shop.example"];
const chain = issuer.chainFor(key, names);
const leaf = chain.slice(0, chain.indexOf("-----END") + 26);

test("names, dates, issuer and serial are the leaf's [A29]", () => {
  const pair = readPair(chain, key);
  expect(pair).toMatchObject({ names, issuer: "kdeploy test authority", doubts: [] });
  expect(pair.serial).toMatch(/^80[0-9a-f]{30}$/);
  expect((pair.notAfterMs - pair.notBeforeMs) / 86_400_000).toBeCloseTo(90, 5);
  expect(readPair(chain, key).id).toBe(pair.id);
  const other = newKey();
  expect(readPair(issuer.chainFor(other, names), other).id).not.toBe(pair.id);
});

test("keys of other forms and kinds, and words around the blocks, do no harm", () => {
  const pkcs8 = createPrivateKey(key).export({ type: "pkcs8", format: "pem" });
  expect(readPair(`subject=shop\r\n${chain.replaceAll("\n", "\r\n")}`, `# the key\n${pkcs8}`).names).toEqual(names);
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  for (const type of ["pkcs1", "pkcs8"] as const) {
    const text = rsa.export({ type, format: "pem" });
    expect(readPair(issuer.chainFor(text, names), text).privateKey).toBe(text);
  }
});

const encrypted = createPrivateKey(key).export({
  type: "pkcs8",
  format: "pem",
  cipher: "aes-256-cbc",
  passphrase: "x",
});
const broken = leaf.replace(/\n[^\n]*\n/, "\nAAAA\n");
const { maxChainCertificates, maxPemBytes } = CERTIFICATE_LIMITS;

test.each([
  ["another key", chain, newKey(), "the private key does not belong to the certificate"],
  ["the two swapped", key, chain, "the certificate file holds a private key: are the two files swapped?"],
  ["a certificate for a key", chain, chain, "the private key file holds a certificate: are the two files swapped?"],
  ["an empty certificate", "", key, "the certificate file is empty"],
  ["an empty key", chain, "\n", "the private key file is empty"],
  ["no PEM", "hello", key, "the certificate file holds no certificate"],
  ["no PEM for a key", chain, "hello", "the private key file holds no private key"],
  ["a certificate cut short", chain.slice(0, 300), key, "the certificate file is cut short or damaged"],
  ["a chain cut short", chain.slice(0, -60), key, "the certificate file is cut short or damaged"],
  ["a key cut short", chain, key.slice(0, 80), "the private key file is cut short or damaged"],
  ["an encrypted key", chain, encrypted, "the private key is encrypted, and nobody is there"],
  ["damage inside", broken, key, "certificate 1 of the chain is damaged"],
  [
    "the authority first",
    issuer.authority.pem + leaf,
    key,
    "the certificate that belongs to the private key must come first",
  ],
  [
    "too long a chain",
    leaf.repeat(maxChainCertificates + 1),
    key,
    `has ${maxChainCertificates + 1} certificates, at most`,
  ],
  ["too large a file", chain + "#".repeat(maxPemBytes), key, `at most ${maxPemBytes} are taken`],
])("%s is refused with the reason [TL-12] [A31] [AC-13] [P4]", (_, chainText, keyText, reason) => {
  expect(() => readPair(chainText, keyText)).toThrow(reason);
});

test("a certificate that did not sign the one before it is doubted, not refused [AC-13]", () => {
  const stranger = new ScriptedIssuer().authority.pem;
  expect(readPair(leaf + stranger, key).doubts).toEqual(["certificate 2 of the chain did not sign certificate 1"]);
});

describe("dates", () => {
  const between = (from: string, until: string) =>
    readPair(issuer.chainFor(key, names, { notBefore: new Date(from), notAfter: new Date(until) }), key);
  const now = Date.parse("2030-06-01T00:00:00Z");

  test("expired and not yet valid are told apart; a clock that is behind is put up with [TL-12] [AC-07]", () => {
    expect(dateProblem(between("2030-01-01T00:00:00Z", "2030-07-01T00:00:00Z"), now)).toBeUndefined();
    expect(dateProblem(between("2030-01-01T00:00:00Z", "2030-05-31T23:59:59Z"), now)).toBe(
      "the certificate expired on 2030-05-31",
    );
    expect(dateProblem(between("2030-06-01T00:50:00Z", "2030-07-01T00:00:00Z"), now)).toBeUndefined();
    expect(dateProblem(between("2030-06-01T02:00:00Z", "2030-07-01T00:00:00Z"), now)).toBe(
      "the certificate is not valid before 2030-06-01T02:00:00.000Z",
    );
    expect(CERTIFICATE_LIMITS.clockSkewMs).toBe(3_600_000);
  });
});

test("a wildcard covers one label, and a wildcard host only itself", () => {
  expect(covers(["a.example"], "a.example")).toBe(true);
  expect(covers(["*.example"], "a.example")).toBe(true);
  expect(covers(["*.example"], "b.a.example")).toBe(false);
  expect(covers(["*.example"], "example")).toBe(false);
  expect(covers(["*.example"], "*.example")).toBe(true);
  expect(covers(["a.example"], "*.example")).toBe(false);
});
