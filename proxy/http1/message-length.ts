/** Content-Length values: text → a length that is exact, or a refusal (RFC 9110 §8.6). */

/** No Content-Length field. */
export const NO_LENGTH = -1;
/** The value is not one exact decimal number below 2^53. */
export const BAD_LENGTH = -2;

/** Digits only; lists, signs, blanks inside, and what a double cannot hold are refused. */
export function parseContentLength(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > 16) return BAD_LENGTH;
  let value = 0;
  for (let position = start; position < end; position++) {
    const digit = (bytes[position] as number) - 0x30;
    if (digit < 0 || digit > 9) return BAD_LENGTH;
    value = value * 10 + digit;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : BAD_LENGTH;
}

/** True for a response that ends with its head, whatever its fields say (RFC 9112 §6.3). 1xx are not asked about here. */
export function isBodiless(method: string, status: number): boolean {
  return method === "HEAD" || status === 204 || status === 304;
}
