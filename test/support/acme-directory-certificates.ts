/** A certificate authority in memory: certificate requests → certificates with any dates, in DER of its own making. */
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import { type DerElement, derElements } from "../../proxy/certificate/der.ts";

export type CertificateRequest = { readonly publicKey: Buffer; readonly names: readonly string[] };
export type Validity = { readonly notBefore: Date; readonly notAfter: Date };

export type TestAuthority = {
  /** Its own certificate. */
  readonly pem: string;
  /** @returns one certificate in PEM */
  issue(request: CertificateRequest, validity: Validity): string;
};

const DAY_MS = 24 * 60 * 60 * 1000;
const ECDSA_WITH_SHA256 = sequence(oid("2a8648ce3d040302"));

export function newTestAuthority(name = "kdeploy test authority"): TestAuthority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const keyId = randomBytes(20);
  const issuer = distinguishedName(name);
  const issue = (subject: Buffer, publicKey: Buffer, extensions: Buffer[], validity: Validity): string => {
    // A serial number whose first bit is set has a zero byte before it, which a CertID must keep.
    const serial = Buffer.concat([Buffer.from([0, 0x80]), randomBytes(15)]);
    const dates = sequence(utcTime(validity.notBefore), utcTime(validity.notAfter));
    const tbs = sequence(
      tagged(0xa0, tagged(0x02, Buffer.from([2]))),
      tagged(0x02, serial),
      ECDSA_WITH_SHA256,
      issuer,
      dates,
      subject,
      publicKey,
      tagged(0xa3, sequence(...extensions)),
    );
    const signature = sign("sha256", tbs, keys.privateKey);
    return pemOf("CERTIFICATE", sequence(tbs, ECDSA_WITH_SHA256, bitString(signature)));
  };
  const subjectKeyId = extension("551d0e", tagged(0x04, keyId));
  const isAuthority = extension("551d13", sequence(tagged(0x01, Buffer.from([0xff]))), true);
  const aDecade = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + 3650 * DAY_MS) };
  return {
    pem: issue(issuer, spkiOf(keys.publicKey), [isAuthority, subjectKeyId], aDecade),
    issue: ({ publicKey, names }, validity) => {
      const altNames = extension("551d11", sequence(...names.map((each) => tagged(0x82, Buffer.from(each)))));
      const authorityKeyId = extension("551d23", sequence(tagged(0x80, keyId)));
      return issue(distinguishedName(names[0] ?? ""), publicKey, [authorityKeyId, altNames], validity);
    },
  };
}

export function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

/** A PKCS #10 request in DER. @throws for one that is cut, or not signed by its own key */
export function readRequest(der: Buffer): CertificateRequest {
  const [info, , signature] = inside(derElements(der)[0]);
  const [, , publicKey, attributes] = inside(info);
  if (!info || !signature || !publicKey) throw new Error("not a certificate request");
  const key = createPublicKey({ key: publicKey.whole, type: "spki", format: "der" });
  if (!verify("sha256", info.whole, key, signature.content.subarray(1)))
    throw new Error("the request's signature is wrong");
  // Attribute → SET → list of extensions → the one for alternative names → its octets → the names.
  const extensions = inside(attributes).flatMap((attribute) => inside(inside(inside(attribute)[1])[0]));
  const altNames = extensions.find((each) => inside(each)[0]?.content.equals(Buffer.from("551d11", "hex")));
  const names = inside(inside(inside(altNames).at(-1))[0]).map(({ content }) => content.toString());
  return { publicKey: publicKey.whole, names };
}

function inside(element: DerElement | undefined): DerElement[] {
  return element ? derElements(element.content) : [];
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, "hex"));
}

function bitString(content: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([0]), content]));
}

function extension(idHex: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(idHex), ...(critical ? [tagged(0x01, Buffer.from([0xff]))] : []), tagged(0x04, value));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(oid("550403"), tagged(0x0c, Buffer.from(commonName)))));
}

function utcTime(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, "");
  return tagged(0x17, Buffer.from(digits.slice(2)));
}

function pemOf(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
