/** Makes the one certificate that all contenders serve: out come PEM files for app.example.com, signed by itself. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Certificate {
  certificateFile: string;
  privateKeyFile: string;
  /** Both in one file, as haproxy wants it. */
  bundleFile: string;
  /** The certificate itself, for clients to trust. */
  pem: string;
}

/** The name in the certificate, which clients send as SNI and Host although they connect to loopback. */
export const siteName = "app.example.com";

/** ECDSA on P-256: what certificate authorities give today, and the same work for everybody. */
export function makeCertificate(directory: string): Certificate {
  const certificateFile = join(directory, "certificate.pem");
  const privateKeyFile = join(directory, "private-key.pem");
  const bundleFile = join(directory, "bundle.pem");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", privateKeyFile];
  const name = ["-subj", `/CN=${siteName}`, "-addext", `subjectAltName=DNS:${siteName}`];
  execFileSync("openssl", ["req", "-x509", ...key, "-out", certificateFile, "-days", "90", ...name], {
    stdio: "pipe",
  });
  const pem = readFileSync(certificateFile, "utf8");
  writeFileSync(bundleFile, pem + readFileSync(privateKeyFile, "utf8"), { mode: 0o600 });
  return { certificateFile, privateKeyFile, bundleFile, pem };
}
