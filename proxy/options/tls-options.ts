/** What a service wants of HTTPS: where its certificates come from, and whether plain HTTP is redirected. */
import { formatTargetAddress, parseTargetAddress } from "../target/target-address.ts";
import { OptionFields } from "./option-fields.ts";
import { quote } from "./value-syntax.ts";

export type TlsOptions = {
  readonly enabled: boolean;
  /** Plain HTTP is sent to HTTPS. */
  readonly redirect: boolean;
  /** PEM files on the proxy's side; empty for certificates that it gets itself. */
  readonly certificatePath: string;
  readonly privateKeyPath: string;
  /** Path of the service, or URL, that approves names for which a certificate may be had; empty for the hosts alone. */
  readonly onDemandUrl: string;
  /** ACME directory URL; empty for Let's Encrypt's production. */
  readonly directory: string;
  /** Where certificates are kept; empty for `certs` in the proxy's data directory. */
  readonly acmeCachePath: string;
  /** Of the account at the certificate authority; empty for none. */
  readonly email: string;
  /** External account binding (RFC 8555 §7.3.4): its key id, and the file that holds its HMAC key, base64url. */
  readonly eabKeyId: string;
  readonly eabKeyPath: string;
  /** Program on the proxy's side that puts DNS records in place, for DNS-01; empty for HTTP-01 and TLS-ALPN-01. */
  readonly dnsHook: string;
  /** `host:port` of proxies on other servers that serve the same names. */
  readonly peers: readonly string[];
  /** `max-age` of Strict-Transport-Security, seconds; 0 for none. */
  readonly hstsSeconds: number;
};

export const PRODUCTION_DIRECTORY = "https://acme-v02.api.letsencrypt.org/directory";
/** Two years: what preload lists ask for at most. */
const MAX_HSTS_SECONDS = 63_072_000;

/** The URL of the directory that `tls` means. */
export function directoryUrlOf(tls: TlsOptions): string {
  return tls.directory === "" ? PRODUCTION_DIRECTORY : tls.directory;
}

export const STAGING_DIRECTORY = "https://acme-staging-v02.api.letsencrypt.org/directory";

/** Reads the fields; whether they go together with hosts and paths is `refuseTlsMismatch`'s to say. */
export function readTlsOptions(value: unknown): TlsOptions {
  const fields = new OptionFields("service", value);
  const options = {
    enabled: fields.boolean("enabled", false),
    redirect: fields.boolean("redirect", true),
    certificatePath: fields.string("certificatePath", ""),
    privateKeyPath: fields.string("privateKeyPath", ""),
    onDemandUrl: fields.string("onDemandUrl", ""),
    directory: fields.string("directory", ""),
    acmeCachePath: fields.string("acmeCachePath", ""),
    email: fields.string("email", ""),
    eabKeyId: fields.string("eabKeyId", ""),
    eabKeyPath: fields.string("eabKeyPath", ""),
    dnsHook: fields.string("dnsHook", ""),
    peers: readPeers(fields.strings("peers", [])),
    hstsSeconds: fields.integer("hstsSeconds", 0, { min: 0, max: MAX_HSTS_SECONDS, label: "tls-hsts" }),
  };
  fields.refuseUnknown();
  refuseUnusableAuthority(options, fields);
  return options;
}

/**
 * Addresses of proxies on other servers, `host[:port]`, port 80 unless it is said.
 * @throws ProxyError `invalid-target`
 */
export function readPeers(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.map((text) => formatTargetAddress(parseTargetAddress(text))))];
}

function refuseUnusableAuthority(tls: TlsOptions, fields: OptionFields): void {
  const { directory, email, eabKeyId, eabKeyPath, dnsHook } = tls;
  if (directory !== "" && !(/^https?:\/\//i.test(directory) && URL.canParse(directory))) {
    throw fields.invalid(`tls-acme-directory ${quote(directory)} must be an absolute http(s) URL`);
  }
  if (email !== "" && !/^[^\s@,?]+@[^\s@,?]+$/.test(email)) {
    throw fields.invalid(`tls-email ${quote(email)} is not an e-mail address`);
  }
  if ((eabKeyId === "") !== (eabKeyPath === "")) {
    throw fields.invalid("tls-eab-key-id and tls-eab-key-path must be given together");
  }
  if (dnsHook !== "" && !dnsHook.startsWith("/")) {
    throw fields.invalid(`tls-dns-hook ${quote(dnsHook)} must be the absolute path of a program`);
  }
}

type TlsSubject = {
  readonly tls: TlsOptions;
  readonly hosts: readonly string[];
  readonly pathPrefixes: readonly string[];
  readonly canonicalHost: string;
};

/**
 * @param fields words the error
 * @throws ProxyError `invalid-options`, in the order and the words of the original. Source: proxy-behaviour §1.3.
 */
export function refuseTlsMismatch({ tls, hosts, pathPrefixes, canonicalHost }: TlsSubject, fields: OptionFields): void {
  if (!tls.enabled) {
    if (tls.onDemandUrl !== "") throw fields.invalid("TLS must be enabled to use a TLS on-demand URL");
    return;
  }
  if (tls.onDemandUrl !== "") {
    if (hasConfiguredHosts(hosts)) throw fields.invalid("cannot set hosts when using a TLS on-demand URL");
    if (tls.certificatePath !== "" || tls.privateKeyPath !== "") {
      throw fields.invalid("cannot use a custom TLS certificate with a TLS on-demand URL");
    }
    if (canonicalHost !== "") throw fields.invalid("cannot set a canonical host when using a TLS on-demand URL");
    const mistake = onDemandUrlMistake(tls.onDemandUrl);
    if (mistake !== undefined) throw fields.invalid(mistake);
  } else if (!hasConfiguredHosts(hosts)) {
    throw fields.invalid("host must be set when using TLS");
  }
  if (!pathPrefixes.includes("/")) throw fields.invalid("TLS settings must be specified on the root path service");
}

/** False as soon as the service answers for any host at all. */
export function hasConfiguredHosts(hosts: readonly string[]): boolean {
  return hosts.length > 0 && !hosts.includes("");
}

/** What is wrong with the URL of an on-demand check; undefined when it is a path or an absolute http(s) URL. */
export function onDemandUrlMistake(text: string): string | undefined {
  if (text.startsWith("//")) return `tls-on-demand-url ${quote(text)} must be a path or an absolute http(s) URL`;
  if (/[\x00-\x20\x7f]/.test(text)) return unparsable(text, "it contains blanks or control characters");
  if (text.startsWith("/")) return undefined;
  const [, scheme = "", host = ""] = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/?#]*))?/.exec(text) ?? [];
  if (scheme === "") return unparsable(text, "it is neither a path nor an absolute URL");
  if (!/^https?$/i.test(scheme)) return `unsupported scheme ${quote(scheme.toLowerCase())} in tls-on-demand-url`;
  if (host === "") return "missing host in tls-on-demand-url";
  return URL.canParse(text) ? undefined : unparsable(text, "it is not a URL");
}

function unparsable(text: string, reason: string): string {
  return `unable to parse tls-on-demand-url: ${quote(text)}: ${reason}`;
}
