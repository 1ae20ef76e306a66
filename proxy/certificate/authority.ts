/** A service's TLS options → the certificate authority that they mean, its name for people, and names it never signs. */
import { createHash } from "node:crypto";
import { isIP } from "node:net";
import { join } from "node:path";
import { ProxyError } from "../errors.ts";
import { directoryUrlOf, PRODUCTION_DIRECTORY, STAGING_DIRECTORY, type TlsOptions } from "../options/tls-options.ts";

/** Names that are nobody's, or everybody's: no public authority can check who they belong to. RFC 6761, RFC 6762. */
const PRIVATE_ENDINGS = /(?:^|\.)(?:local|localhost|internal|test|invalid|home\.arpa|lan)$/;

/** Where the certificates of this authority are: kamal-proxy's place for them, so that either finds the other's. */
export function storeDirectoryOf(tls: TlsOptions, dataDirectory: string): string {
  const url = directoryUrlOf(tls);
  const scope = url === PRODUCTION_DIRECTORY ? "" : url;
  const root = tls.acmeCachePath === "" ? join(dataDirectory, "certs") : tls.acmeCachePath;
  return join(root, createHash("sha256").update(scope).digest("hex"));
}

export function authorityName(directoryUrl: string): string {
  if (directoryUrl === PRODUCTION_DIRECTORY) return "Let's Encrypt";
  if (directoryUrl === STAGING_DIRECTORY) return "Let's Encrypt (staging)";
  return URL.canParse(directoryUrl) ? new URL(directoryUrl).host : directoryUrl;
}

/** @throws ProxyError `invalid-options` for hosts that can have no certificate from there, however long one tries */
export function refuseUnissuable(hosts: readonly string[], tls: TlsOptions): void {
  if (hosts.some((host) => host.startsWith("*.")) && tls.dnsHook === "") {
    throw new ProxyError("invalid-options", "automatic TLS does not support wildcards", {
      hint: "Name every host; or say with --tls-dns-hook how DNS records are put in place; or bring a certificate: --tls-certificate-path, --tls-private-key-path.",
    });
  }
  for (const host of hosts) {
    const reason = unissuableReason(host, directoryUrlOf(tls));
    if (reason === undefined) continue;
    throw new ProxyError("invalid-options", `automatic TLS cannot get a certificate for ${host}: ${reason}`, {
      hint: "Deploy with another --host, or bring a certificate: --tls-certificate-path, --tls-private-key-path.",
    });
  }
}

/** Why no certificate can be had for `host`; undefined when there is no such reason. */
export function unissuableReason(host: string, directoryUrl: string): string | undefined {
  if (isIP(host) !== 0) return "it is an IP address";
  if (host.includes("_")) return "certificates cannot hold underscores";
  if (host.split(".").some((label) => label.startsWith("-") || label.endsWith("-"))) {
    return "a part of it begins or ends with a hyphen";
  }
  // An authority of one's own may know names that the public ones do not.
  if (directoryUrl !== PRODUCTION_DIRECTORY && directoryUrl !== STAGING_DIRECTORY) return undefined;
  if (!host.includes(".")) return "public authorities sign no names without a dot";
  if (PRIVATE_ENDINGS.test(host)) return "it is a name of private networks, which public authorities cannot check";
  return undefined;
}
