/** The signed requests of RFC 8555 §6.2, verified with node:crypto: body → who sent it, and what. */
import { createHash, createHmac, createPublicKey, type KeyObject, verify, type webcrypto } from "node:crypto";

export type SignedRequest = {
  /** Of the account; empty when the request carries its key itself. */
  readonly kid: string;
  readonly key: KeyObject;
  /** RFC 7638, base64url. */
  readonly thumbprint: string;
  readonly nonce: string;
  /** Undefined for POST-as-GET. */
  readonly payload: Record<string, unknown> | undefined;
};

type JsonWebKey = webcrypto.JsonWebKey;
type Jws = { readonly protected: string; readonly payload: string; readonly signature: string };
type Header = { alg?: string; kid?: string; jwk?: JsonWebKey; nonce?: string; url?: string };

/** @throws Error for a signature, URL or algorithm that is wrong; its message is for the client */
export function verifyRequest(body: string, url: string, keyOf: (kid: string) => KeyObject): SignedRequest {
  const jws = JSON.parse(body) as Jws;
  const header = JSON.parse(decode(jws.protected)) as Header;
  if (header.alg !== "ES256") throw new Error(`this directory takes ES256, not ${header.alg}`);
  if (header.url !== url) throw new Error(`signed for ${header.url}, sent to ${url}`);
  if ((header.kid === undefined) === (header.jwk === undefined)) throw new Error("either kid or jwk");
  const key = header.jwk ? createPublicKey({ key: header.jwk, format: "jwk" }) : keyOf(header.kid ?? "");
  const signed = Buffer.from(`${jws.protected}.${jws.payload}`);
  const signature = Buffer.from(jws.signature, "base64url");
  if (!verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, signature)) throw new Error("wrong signature");
  return {
    kid: header.kid ?? "",
    key,
    thumbprint: thumbprint(key),
    nonce: header.nonce ?? "",
    payload: jws.payload === "" ? undefined : (JSON.parse(decode(jws.payload)) as Record<string, unknown>),
  };
}

/** RFC 8555 §7.3.4: undefined when the binding is right, else what is wrong with it. */
export function bindingProblem(
  binding: unknown,
  account: KeyObject,
  expected: { keyId: string; hmacKey: string },
): string | undefined {
  if (binding === undefined) return "no binding";
  const jws = binding as Jws;
  const header = JSON.parse(decode(jws.protected)) as Header;
  if (header.kid !== expected.keyId) return `unknown key id ${header.kid}`;
  const mac = createHmac("sha256", Buffer.from(expected.hmacKey, "base64url"))
    .update(`${jws.protected}.${jws.payload}`)
    .digest("base64url");
  if (mac !== jws.signature) return "wrong HMAC";
  const bound = createPublicKey({ key: JSON.parse(decode(jws.payload)) as JsonWebKey, format: "jwk" });
  return bound.equals(account) ? undefined : "bound to another key";
}

function thumbprint(key: KeyObject): string {
  const { crv, kty, x, y } = key.export({ format: "jwk" });
  return createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
}

function decode(text: string): string {
  return Buffer.from(text, "base64url").toString();
}
