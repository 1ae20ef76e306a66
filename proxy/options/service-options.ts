/** Which requests belong to a service and what is done with them, as people give it → canonical, checked options. */
import { readHostName } from "./host-name.ts";
import { OptionFields } from "./option-fields.ts";
import { readTlsOptions, refuseTlsMismatch, type TlsOptions } from "./tls-options.ts";
import { isFieldName, quote } from "./value-syntax.ts";

export type ServiceOptions = {
  /** Lower case, no port, no trailing dot, no brackets; `*.name` has one wild label, `""` is any host. */
  readonly hosts: readonly string[];
  /** `/` or `/segment…`. */
  readonly pathPrefixes: readonly string[];
  readonly stripPathPrefix: boolean;
  readonly tls: TlsOptions;
  /** Other hosts are redirected here; empty for none. */
  readonly canonicalHost: string;
  /** After a write, reads of the same client go to writers for this long; 0 for never. */
  readonly writerAffinityTimeoutMs: number;
  readonly readTargetsAcceptWebsockets: boolean;
  /** Directory of custom pages, as given: relative to the proxy's working directory; empty for the built-in ones. */
  readonly errorPagesPath: string;
  /** Routed paths that metrics do not count; each starts with `/`. */
  readonly excludeMetricsPaths: readonly string[];
  /** Field that carries the client's address; empty for none. */
  readonly clientIpHeader: string;
};

export const SERVICE_OPTION_KEYS = [
  "hosts",
  "pathPrefixes",
  "stripPathPrefix",
  "tls",
  "canonicalHost",
  "writerAffinityTimeoutMs",
  "readTargetsAcceptWebsockets",
  "errorPagesPath",
  "excludeMetricsPaths",
  "clientIpHeader",
] as const satisfies readonly (keyof ServiceOptions)[];

/**
 * Normalises and validates; absent fields take their defaults (any host, `/`, strip, no TLS).
 * @throws ProxyError `invalid-options`, `service options invalid: …`. Source: proxy-behaviour §1.3, §2.2, §2.3.
 */
export function readServiceOptions(value: unknown): ServiceOptions {
  const fields = new OptionFields("service", value);
  const hosts = fields.strings("hosts", []).map((host) => readHostName("host", host, fields));
  const pathPrefixes = fields.strings("pathPrefixes", []).map((prefix) => canonicalPrefix(prefix, fields));
  const options = {
    hosts: hosts.length === 0 ? [""] : [...new Set(hosts)],
    pathPrefixes: pathPrefixes.length === 0 ? ["/"] : [...new Set(pathPrefixes)],
    stripPathPrefix: fields.boolean("stripPathPrefix", true),
    tls: readTlsOptions(fields.nested("tls")),
    canonicalHost: readHostName("canonical-host", fields.string("canonicalHost", ""), fields),
    writerAffinityTimeoutMs: fields.durationMs("writerAffinityTimeoutMs", 1_000, {
      positive: false,
      label: "writer-affinity-timeout",
    }),
    readTargetsAcceptWebsockets: fields.boolean("readTargetsAcceptWebsockets", false),
    errorPagesPath: fields.string("errorPagesPath", ""),
    excludeMetricsPaths: fields
      .strings("excludeMetricsPaths", [])
      .map((path) => (path.startsWith("/") ? path : `/${path}`)),
    clientIpHeader: clientIpHeader(fields.string("clientIpHeader", ""), fields),
  };
  fields.refuseUnknown();
  refuseTlsMismatch(options, fields);
  refuseForeignCanonicalHost(options, fields);
  return options;
}

function canonicalPrefix(text: string, fields: OptionFields): string {
  if (/[\s\x00-\x1f\x7f?#]/.test(text)) {
    throw fields.invalid(`path prefix ${quote(text)} contains blanks, "?" or "#"`);
  }
  return `/${text.replace(/^\/+|\/+$/g, "")}`;
}

function clientIpHeader(name: string, fields: OptionFields): string {
  if (name === "" || isFieldName(name)) return name;
  throw fields.invalid(`client-ip-header ${quote(name)} is not a header name`);
}

/** A redirect must not lead away from the service; one that answers for any host has no list to look in. */
function refuseForeignCanonicalHost(options: Pick<ServiceOptions, "hosts" | "canonicalHost">, fields: OptionFields) {
  const { canonicalHost, hosts } = options;
  if (canonicalHost === "") return;
  // Nobody can be sent to a pattern.
  if (canonicalHost.startsWith("*")) throw fields.invalid(`canonical-host '${canonicalHost}' cannot be a wildcard`);
  if (hosts[0] === "" || hosts.includes(canonicalHost)) return;
  throw fields.invalid(`canonical-host '${canonicalHost}' must be present in the hosts list: [${hosts.join(" ")}]`);
}
