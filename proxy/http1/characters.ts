/** Byte classes of RFC 9110 §5.6.2 and RFC 9112, as look-up tables. */

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;

/**
 * For a field-name byte its folded form, 0 for a byte that is no token character. Letters fold to lower case; `_` and
 * `.` fold to `-`, because application servers map all three to one variable: an alias must hit the same rule.
 */
export const FOLDED_TOKEN = new Uint8Array(256);

/** 1 for a byte that may stand in a field value: HTAB, SP, VCHAR, obs-text. */
export const VALUE_BYTE = new Uint8Array(256);

/** 1 for a byte that may stand in a request target: VCHAR but `#`, and obs-text (passed on as it came). */
export const TARGET_BYTE = new Uint8Array(256);

for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  FOLDED_TOKEN[character.charCodeAt(0)] = character.toLowerCase().replace(/[_.]/, "-").charCodeAt(0);
}
for (let byte = 0x20; byte < 256; byte++) VALUE_BYTE[byte] = byte === 0x7f ? 0 : 1;
VALUE_BYTE[TAB] = 1;
for (let byte = 0x21; byte < 256; byte++) TARGET_BYTE[byte] = byte === 0x7f || byte === 0x23 ? 0 : 1;

/** The value of a hexadecimal digit, or -1. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
