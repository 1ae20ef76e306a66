import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ariCertId } from "../../../proxy/certificate/ari.ts";
import { derElements } from "../../../proxy/certificate/der.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const CONFIG = `
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical,CA:true
subjectKeyIdentifier = hash
[leaf]
authorityKeyIdentifier = keyid,issuer
subjectAltName = DNS:app.example.com
[bare]
subjectAltName = DNS:app.example.com
authorityKeyIdentifier = none
subjectKeyIdentifier = none
`;

/** A certificate made by openssl, and what openssl reads in it. */
async function leaf(serial: string, section = "leaf") {
  const cwd = await temporaryDirectory();
  const openssl = (args: string) => execFileSync("openssl", args.split(" "), { cwd, stdio: "pipe" }).toString();
  writeFileSync(join(cwd, "c.cnf"), CONFIG);
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config c.cnf";
  openssl(`req -x509 ${key} -extensions ca -keyout ca.key -out ca.pem -days 2 -subj /CN=ca`);
  openssl(`req ${key} -keyout leaf.key -out leaf.csr -subj /CN=app.example.com`);
  openssl(
    `x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -set_serial 0x${serial} -days 1 -extfile c.cnf -extensions ${section} -out leaf.pem`,
  );
  const text = openssl("x509 -in leaf.pem -noout -ext authorityKeyIdentifier");
  // OpenSSL 3.0 writes the bytes with colons, with or without the word before them.
  const keyId = /([0-9A-F]{2}(?::[0-9A-F]{2}){19})/.exec(text)?.[1]?.replaceAll(":", "") ?? "";
  return { pem: readFileSync(join(cwd, "leaf.pem"), "utf8"), keyId, ca: readFileSync(join(cwd, "ca.pem"), "utf8") };
}

describe("[AC-07] the id by which an authority is asked when to renew", () => {
  test.each([
    ["whose serial number begins with a one bit and so with a zero byte", "87654321", "0087654321"],
    ["with a short serial number", "01", "01"],
    ["with a long one", "7f00112233445566778899aabbccddeeff001122", "7f00112233445566778899aabbccddeeff001122"],
  ])("is that which openssl finds, for a certificate %s", async (_, serial, bytes) => {
    const { pem, keyId } = await leaf(serial);
    expect(keyId).toHaveLength(40);
    const [authority, number] = ariCertId(pem).split(".");
    expect(
      Buffer.from(authority ?? "", "base64url")
        .toString("hex")
        .toUpperCase(),
    ).toBe(keyId);
    expect(Buffer.from(number ?? "", "base64url").toString("hex")).toBe(bytes);
    expect(ariCertId(pem)).toMatch(/^[\w-]+\.[\w-]+$/);
  });

  test("is that of the leaf, when a chain is given", async () => {
    const { pem, ca } = await leaf("05");
    expect(ariCertId(pem + ca)).toBe(ariCertId(pem));
  });

  test("is the one of the example in RFC 9773 §4.1", () => {
    expect(ariCertId(RFC_9773_EXAMPLE)).toBe("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
  });

  test("is empty for a certificate without the authority's key identifier, and for what is none", async () => {
    const { pem } = await leaf("07", "bare");
    expect(ariCertId(pem)).toBe("");
    expect(ariCertId("")).toBe("");
    expect(ariCertId("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")).toBe("");
  });
});

describe("DER", () => {
  test("is read with short and long lengths", () => {
    const long = Buffer.concat([Buffer.from([0x04, 0x82, 0x01, 0x00]), Buffer.alloc(256, 7)]);
    const [first, second] = derElements(Buffer.concat([Buffer.from([0x02, 0x01, 0x05]), long]));
    expect(first).toMatchObject({ tag: 2, content: Buffer.from([5]) });
    expect(second?.whole).toEqual(long);
    expect(derElements(Buffer.alloc(0))).toEqual([]);
  });

  test.each(["30", "3003", "30030101", "3080", "30850000000001ff", "3084ffffffff00"])(
    "that is %s is refused",
    (hex) => {
      expect(() => derElements(Buffer.from(hex, "hex"))).toThrow(RangeError);
    },
  );
});

/** The certificate of RFC 9773, Appendix A. */
const RFC_9773_EXAMPLE = `-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
`;
