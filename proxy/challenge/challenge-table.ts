/** What certificate authorities may come to see, and who else may know the answer; plain JSON values, replaced whole. */

export type ChallengeTable = {
  readonly challenges: readonly Challenge[];
  /** `host:port` of the proxies on other servers that may have asked for a certificate for the same name. */
  readonly peers: readonly string[];
};

export type Challenge =
  /** RFC 8555 §8.3: `GET /.well-known/acme-challenge/<token>` is answered with the key authorization. */
  | { readonly type: "http-01"; readonly token: string; readonly keyAuthorization: string }
  /** RFC 8737: a handshake with the one ALPN protocol `acme-tls/1` and this SNI (folded) is shown this certificate. */
  | { readonly type: "tls-alpn-01"; readonly name: string; readonly chain: string; readonly privateKey: string };

export const NO_CHALLENGES: ChallengeTable = { challenges: [], peers: [] };
