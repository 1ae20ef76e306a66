/** What is spoken over TLS: versions, ciphers and protocols. The intermediate profile of Mozilla's, without its CBC and DHE. */
import { constants } from "node:crypto";
import type { TlsOptions } from "node:tls";

/** Authenticated encryption and forward secrecy only; AES first, because servers have instructions for it. */
const CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

export const HTTP_PROTOCOLS: readonly string[] = ["h2", "http/1.1"];
/** RFC 8737 §3. */
export const CHALLENGE_PROTOCOL = "acme-tls/1";

/** Early data (0-RTT) is off because Node never turns it on. */
export const TLS_POLICY: TlsOptions = {
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.3",
  ciphers: CIPHERS,
  honorCipherOrder: true,
  // Clients that renegotiate cost much and gain nothing; HTTP/2 forbids it (RFC 9113 §9.2.1).
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
};
