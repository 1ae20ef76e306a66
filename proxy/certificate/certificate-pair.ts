/** PEM texts of a chain and its key → a certificate that can be served, with its facts; or the reason why it cannot. */
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { CERTIFICATE_LIMITS } from "../limits.ts";

export type CertificatePair = {
  /** Differs whenever chain or key differ. */
  readonly id: string;
  /** PEM, the leaf first. */
  readonly chain: string;
  /** PEM, one block. */
  readonly privateKey: string;
  /** The leaf's DNS names, folded; may hold wildcards. */
  readonly names: readonly string[];
  /** Of the leaf. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** For people: organisation and name of whoever signed the leaf. */
  readonly issuer: string;
  /** Hexadecimal. */
  readonly serial: string;
  /** What may go wrong with it, in words, though it can be served. */
  readonly doubts: readonly string[];
};

const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*?-----END CERTIFICATE-----/g;
const KEY_BLOCK = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]*?-----END \1PRIVATE KEY-----/;
const { maxPemBytes, maxChainCertificates, clockSkewMs } = CERTIFICATE_LIMITS;

/**
 * Dates are not looked at: an expired certificate may be better than none.
 * @throws Error whose message says what is wrong with which of the two, as the end of a sentence
 */
export function readPair(chainText: string, keyText: string): CertificatePair {
  const certificates = readChain(chainText);
  const { key, text: privateKey } = readKey(keyText);
  const [leaf] = certificates;
  if (leaf === undefined) throw new Error("the certificate file holds no certificate");
  if (!leaf.checkPrivateKey(key)) {
    throw new Error(
      certificates.some((one) => one.checkPrivateKey(key))
        ? "the chain is out of order: the certificate that belongs to the private key must come first"
        : "the private key does not belong to the certificate",
    );
  }
  const chain = certificates.map((one) => one.toString()).join("");
  return {
    id: createHash("sha256").update(chain).update(privateKey).digest("hex").slice(0, 32),
    chain,
    privateKey,
    names: dnsNamesOf(leaf.subjectAltName ?? ""),
    notBeforeMs: leaf.validFromDate.getTime(),
    notAfterMs: leaf.validToDate.getTime(),
    issuer: issuerWords(leaf.issuer),
    serial: leaf.serialNumber.toLowerCase(),
    doubts: chainDoubts(certificates),
  };
}

/** What its dates say against it, as the end of a sentence; undefined when nothing does. */
export function dateProblem(pair: CertificatePair, nowMs: number): string | undefined {
  if (pair.notAfterMs <= nowMs) return `the certificate expired on ${dayOf(pair.notAfterMs)}`;
  if (pair.notBeforeMs > nowMs + clockSkewMs) {
    return `the certificate is not valid before ${new Date(pair.notBeforeMs).toISOString()}`;
  }
  return undefined;
}

/** Whether a certificate for `names` is good for `host`; a host `*.name` needs just that. RFC 6125 §6.4.3. */
export function covers(names: readonly string[], host: string): boolean {
  return names.includes(host) || (!host.startsWith("*.") && names.includes(wildcardOf(host)));
}

/** `*.rest` of a name, the one wildcard that can stand for it. */
export function wildcardOf(host: string): string {
  return `*${host.slice(host.indexOf(".") === -1 ? host.length : host.indexOf("."))}`;
}

export function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

function readChain(text: string): X509Certificate[] {
  refuseSize(text, "certificate");
  const blocks = text.match(CERTIFICATE_BLOCK) ?? [];
  const begun = text.split("-----BEGIN CERTIFICATE-----").length - 1;
  if (begun === 0) {
    if (KEY_BLOCK.test(text)) throw new Error("the certificate file holds a private key: are the two files swapped?");
    throw new Error(text.trim() === "" ? "the certificate file is empty" : "the certificate file holds no certificate");
  }
  if (blocks.length < begun) throw new Error("the certificate file is cut short or damaged");
  if (blocks.length > maxChainCertificates) {
    throw new Error(`the chain has ${blocks.length} certificates, at most ${maxChainCertificates} are taken`);
  }
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new Error(`certificate ${index + 1} of the chain is damaged`);
    }
  });
}

function readKey(text: string): { key: KeyObject; text: string } {
  refuseSize(text, "private key");
  const [block, kind = ""] = KEY_BLOCK.exec(text) ?? [];
  if (block === undefined) {
    if (text.includes("-----BEGIN CERTIFICATE-----")) {
      throw new Error("the private key file holds a certificate: are the two files swapped?");
    }
    if (text.trim() === "") throw new Error("the private key file is empty");
    throw new Error(
      /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)
        ? "the private key file is cut short or damaged"
        : "the private key file holds no private key",
    );
  }
  if (kind.startsWith("ENCRYPTED") || /^Proc-Type:.*ENCRYPTED/m.test(block)) {
    throw new Error("the private key is encrypted, and nobody is there to give its passphrase");
  }
  try {
    return { key: createPrivateKey(block), text: `${block}\n` };
  } catch {
    throw new Error("the private key is damaged, or of a kind that is not known");
  }
}

function refuseSize(text: string, what: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxPemBytes) throw new Error(`the ${what} file has ${bytes} bytes, at most ${maxPemBytes} are taken`);
}

function dnsNamesOf(subjectAltName: string): string[] {
  const names = Array.from(subjectAltName.matchAll(/(?:^|, )DNS:"?([^",]+)/g), ([, name = ""]) => name.toLowerCase());
  return [...new Set(names)];
}

function issuerWords(issuer: string): string {
  const part = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(issuer)?.[1] ?? "";
  const [organisation, name] = [part("O"), part("CN")];
  return name.includes(organisation) ? name || "unknown" : [organisation, name].filter((text) => text !== "").join(" ");
}

/** Clients put chains together in their own ways; one that does not lead up helps only some of them. */
function chainDoubts(certificates: readonly X509Certificate[]): string[] {
  return certificates.slice(1).flatMap((issuer, index) => {
    if (certificates[index]?.checkIssued(issuer) === true) return [];
    return [`certificate ${index + 2} of the chain did not sign certificate ${index + 1}`];
  });
}
