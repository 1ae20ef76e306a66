/** A certificate → the name by which renewal information about it is asked for (RFC 9773 §4.1). */
import { X509Certificate } from "node:crypto";
import { derElements } from "./der.ts";

/** `base64url(authority key identifier).base64url(serial number)`, of the first certificate in `pem`; empty when it has no such identifier. */
export function ariCertId(pem: string): string {
  try {
    const serial = tbsFields(pem).find(({ tag }) => tag === INTEGER)?.content;
    const keyId = authorityKeyId(pem);
    return serial && keyId ? `${keyId.toString("base64url")}.${serial.toString("base64url")}` : "";
  } catch {
    // Without the identifier a certificate is renewed by its dates; nothing is lost.
    return "";
  }
}

const INTEGER = 0x02;
const OCTET_STRING = 0x04;
/** `[3]`, in TBSCertificate (RFC 5280 §4.1). */
const EXTENSIONS = 0xa3;
/** `[0]`, in AuthorityKeyIdentifier (RFC 5280 §4.2.1.1). */
const KEY_IDENTIFIER = 0x80;
/** 2.5.29.35 */
const AUTHORITY_KEY_IDENTIFIER = Buffer.from([0x55, 0x1d, 0x23]);

function tbsFields(pem: string) {
  const [certificate] = derElements(new X509Certificate(pem).raw);
  const [tbs] = derElements(certificate?.content ?? Buffer.alloc(0));
  return derElements(tbs?.content ?? Buffer.alloc(0));
}

function authorityKeyId(pem: string): Buffer | undefined {
  const field = tbsFields(pem).find(({ tag }) => tag === EXTENSIONS);
  const [list] = derElements(field?.content ?? Buffer.alloc(0));
  for (const extension of derElements(list?.content ?? Buffer.alloc(0))) {
    const parts = derElements(extension.content);
    if (!parts[0]?.content.equals(AUTHORITY_KEY_IDENTIFIER)) continue;
    const value = parts.find(({ tag }) => tag === OCTET_STRING);
    const [identifier] = derElements(value?.content ?? Buffer.alloc(0));
    return derElements(identifier?.content ?? Buffer.alloc(0)).find(({ tag }) => tag === KEY_IDENTIFIER)?.content;
  }
  return undefined;
}
