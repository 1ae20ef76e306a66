/** The authority of a request (`Host` or absolute-form): raw text → the folded name that routing compares, or a refusal. */
import { isIPv6 } from "node:net";

const MAX_NAME_LENGTH = 253;

/**
 * Lower case, without port and without one trailing dot; IPv6 literals lose their brackets. Null when the text is not a
 * host (RFC 9110 §7.2): blanks, user info, a path, empty labels, a port that is no port. Commas, `*` and `%`, legal in a
 * URI's reg-name, are refused as well: no DNS name has them, and lists must never be taken for names.
 */
export function hostOfAuthority(text: string): string | null {
  if (text.startsWith("[")) return hostOfLiteral(text);
  const colon = text.indexOf(":");
  let end = colon === -1 ? text.length : colon;
  if (colon !== -1 && !isPort(text, colon + 1)) return null;
  if (end > 1 && text.charCodeAt(end - 1) === 0x2e) end--;
  if (end === 0 || end > MAX_NAME_LENGTH) return null;
  let upper = false;
  let label = 0;
  for (let index = 0; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x2e) {
      if (label === 0) return null;
      label = 0;
      continue;
    }
    if (code >= 0x41 && code <= 0x5a) upper = true;
    else if (!isNameCode(code)) return null;
    if (++label > 63) return null;
  }
  if (label === 0) return null;
  const name = end === text.length ? text : text.slice(0, end);
  return upper ? name.toLowerCase() : name;
}

function hostOfLiteral(text: string): string | null {
  const close = text.indexOf("]");
  if (close === -1) return null;
  const rest = text.slice(close + 1);
  if (rest !== "" && !(rest.startsWith(":") && isPort(rest, 1))) return null;
  const literal = text.slice(1, close);
  return isIPv6(literal) && !literal.includes("%") ? literal.toLowerCase() : null;
}

/** Digits up to 65535; an empty port is legal (RFC 3986 §3.2.3). */
function isPort(text: string, from: number): boolean {
  let value = 0;
  for (let index = from; index < text.length; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return false;
    value = value * 10 + digit;
    if (value > 65_535) return false;
  }
  return true;
}

function isNameCode(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x5f;
}
