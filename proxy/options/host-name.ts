/** Host names as people write them → the one form in which they are compared. Source: proxy-behaviour §2.2. */
import { isIPv6 } from "node:net";
import { domainToASCII } from "node:url";
import type { OptionFields } from "./option-fields.ts";
import { quote } from "./value-syntax.ts";

const MAX_HOST_LENGTH = 253;
const LABEL = /^[a-z0-9_-]{1,63}$/;

/**
 * Lower case, ASCII, no trailing dot, no brackets; `""` and one wild label in front pass.
 * @param label the word for it in messages
 * @throws ProxyError `invalid-options`
 */
export function readHostName(label: string, text: string, fields: OptionFields): string {
  if (text === "") return "";
  if (/\s/.test(text)) throw fields.invalid(`${label} ${quote(text)} contains blanks`);
  const literal = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (isIPv6(literal) && !literal.includes("%")) return literal.toLowerCase();
  if (text.includes(":")) throw fields.invalid(`${label} ${quote(text)} must be a name without scheme or port`);
  const wild = text.startsWith("*.");
  const name = asciiName(wild ? text.slice(2) : text);
  const labels = name.split(".");
  if (name.length > MAX_HOST_LENGTH || !labels.every((label) => LABEL.test(label))) {
    throw fields.invalid(
      text.includes("*")
        ? `${label} ${quote(text)} is no wildcard: the first label alone can be *, as in *.example.com; leave --host out for any host`
        : `${label} ${quote(text)} is not a host name`,
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
