/** Which requests belong to a service: host names and path prefixes as people give them → canonical, checked options. */
import { isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import { OptionFields } from "./option-fields.ts";
import { quote } from "./value-syntax.ts";

export type ServiceOptions = {
  /** Lower case, no port, no trailing dot, no brackets; `*.name` has one wild label, `""` is any host. */
  readonly hosts: readonly string[];
  /** `/` or `/segment…`. */
  readonly pathPrefixes: readonly string[];
  readonly stripPathPrefix: boolean;
};

export const SERVICE_OPTION_KEYS = ["hosts", "pathPrefixes", "stripPathPrefix"] as const;

const MAX_HOST_LENGTH = 253;
const LABEL = /^[a-z0-9_-]{1,63}$/;

/**
 * Normalises and validates; absent fields take their defaults (any host, `/`, strip).
 * @throws ProxyError `invalid-options`, `service options invalid: …`. Source: proxy-behaviour §2.2, §2.3.
 */
export function readServiceOptions(value: unknown): ServiceOptions {
  const fields = new OptionFields("service", value);
  const hosts = fields.strings("hosts", []).map((host) => canonicalHost(host, fields));
  const pathPrefixes = fields.strings("pathPrefixes", []).map((prefix) => canonicalPrefix(prefix, fields));
  const stripPathPrefix = fields.boolean("stripPathPrefix", true);
  fields.refuseUnknown();
  return {
    hosts: hosts.length === 0 ? [""] : [...new Set(hosts)],
    pathPrefixes: pathPrefixes.length === 0 ? ["/"] : [...new Set(pathPrefixes)],
    stripPathPrefix,
  };
}

function canonicalHost(text: string, fields: OptionFields): string {
  if (text === "") return "";
  if (/\s/.test(text)) throw fields.invalid(`host ${quote(text)} contains blanks`);
  const literal = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (isIPv6(literal) && !literal.includes("%")) return literal.toLowerCase();
  if (text.includes(":")) throw fields.invalid(`host ${quote(text)} must be a name without scheme or port`);
  const wild = text.startsWith("*.");
  const name = asciiName(wild ? text.slice(2) : text);
  const labels = name.split(".");
  if (name.length > MAX_HOST_LENGTH || !labels.every((label) => LABEL.test(label))) {
    throw fields.invalid(
      text.includes("*")
        ? `host ${quote(text)} is no wildcard: the first label alone can be *, as in *.example.com; leave --host out for any host`
        : `host ${quote(text)} is not a host name`,
    );
  }
  return wild ? `*.${name}` : name;
}

/** Browsers send names of other scripts in their ASCII form, so that is the form to compare. */
function asciiName(text: string): string {
  const name = text.toLowerCase();
  const ascii = /^[\x00-\x7f]*$/.test(name) ? name : domainToASCII(name);
  return ascii.endsWith(".") ? ascii.slice(0, -1) : ascii;
}

function canonicalPrefix(text: string, fields: OptionFields): string {
  if (/[\s\x00-\x1f\x7f?#]/.test(text)) {
    throw fields.invalid(`path prefix ${quote(text)} contains blanks, "?" or "#"`);
  }
  return `/${text.replace(/^\/+|\/+$/g, "")}`;
}
