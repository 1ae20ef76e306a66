/** Path prefixes against raw request paths: how many bytes of the path a prefix covers. Nothing is decoded for good. */

/** A slash, a backslash, or an escape of either, around one or two dots (or escapes of them), with `;` parameters. */
const DOT_SEGMENT = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:;[^/\\]*)?(?:$|[/\\]|%2f|%5c)/i;

/**
 * True for a path that a target may resolve to another place than the prefix that it matched (`/api/../admin`, plain or
 * escaped). RFC 3986 §5.2.4.
 */
export function hasDotSegment(path: string): boolean {
  return DOT_SEGMENT.test(path);
}

/** Escapes what must be escaped in a configured prefix, so that it compares with what clients send. */
export function canonicalPrefix(prefix: string): string {
  let canonical = "";
  for (const byte of Buffer.from(prefix, "utf8")) {
    const character = String.fromCharCode(byte);
    canonical += byte > 0x20 && byte < 0x7f && !'"<>?#\\^`{|}'.includes(character) ? character : escape(byte);
  }
  return unescapeUnreserved(canonical);
}

/**
 * Characters of `path` that `prefix` (canonical) covers at a segment border, or -1. `%61` equals `a` (RFC 3986
 * §6.2.2.2), but `%2F` never equals `/`.
 * @param unusual the path has escapes; otherwise plain comparison is enough
 */
export function matchPrefix(prefix: string, path: string, unusual: boolean): number {
  if (prefix === "/") return 0;
  if (!unusual) {
    if (!path.startsWith(prefix)) return -1;
    return path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f ? prefix.length : -1;
  }
  let position = 0;
  for (let index = 0; index < prefix.length; ) {
    const wanted = tokenAt(prefix, index);
    const found = tokenAt(path, position);
    if (found === "" || canonicalToken(found) !== canonicalToken(wanted)) return -1;
    index += wanted.length;
    position += found.length;
  }
  return position === path.length || path.charCodeAt(position) === 0x2f ? position : -1;
}

function tokenAt(text: string, index: number): string {
  const triplet = text.slice(index, index + 3);
  return ESCAPE.test(triplet) ? triplet : text.slice(index, index + 1);
}

const ESCAPE = /^%[0-9a-f]{2}$/i;

function canonicalToken(token: string): string {
  if (token.length === 1) return token;
  const character = String.fromCharCode(Number.parseInt(token.slice(1), 16));
  return /[A-Za-z0-9._~-]/.test(character) ? character : token.toUpperCase();
}

function unescapeUnreserved(text: string): string {
  return text.replace(/%[0-9a-f]{2}/gi, canonicalToken);
}

function escape(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}
