/** What a service wants of HTTPS: where its certificates come from, and whether plain HTTP is redirected. */
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
};

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
  };
  fields.refuseUnknown();
  return options;
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
